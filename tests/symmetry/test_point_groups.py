import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symclone_tf.symmetry.point_groups import GROUPS, PointGroup, get_group

from references import ACTIONS

ORDERS = {"t2": 1, "c2": 2, "c4": 4, "d4": 8}
names = st.sampled_from(list(GROUPS))
sizes = st.integers(1, 6)


def test_table_holds_these_groups():
    assert {name: group.order for name, group in GROUPS.items()} == ORDERS


@given(names)
def test_product_is_a_group(name):
    group = GROUPS[name]
    elements = range(group.order)
    product = group.product
    for g in elements:
        assert product[0, g] == product[g, 0] == g
        assert product[g, group.inverse[g]] == product[group.inverse[g], g] == 0
        assert sorted(product[g]) == list(elements)
        for h in elements:
            for i in elements:
                assert product[product[g, h], i] == product[g, product[h, i]]


def test_d4_does_not_commute():
    product = GROUPS["d4"].product
    assert not np.array_equal(product, product.T)


@given(names, sizes)
def test_images_move_as_numpy_moves_them(name, size):
    image = np.random.default_rng(size).normal(size=(size, size))
    for action, permutation in zip(
        ACTIONS[name], GROUPS[name].image_permutations(size), strict=True
    ):
        np.testing.assert_array_equal(
            image.ravel()[permutation].reshape(size, size), action(image)
        )


def test_quarter_turn_of_c4_is_rot90_and_rolls_the_group_axis(rng):
    c4 = get_group("c4")
    images = rng.normal(size=(2, 5, 5, 3))
    features = rng.normal(size=(2, 4, 4, 4, 3))
    np.testing.assert_array_equal(
        c4.transform(images, 1), np.rot90(images, 1, axes=(1, 2))
    )
    np.testing.assert_array_equal(
        c4.transform(features, 1),
        np.roll(np.rot90(features, 1, axes=(1, 2)), 1, axis=3),
    )


def test_c4_kernel_entry_is_the_design_formula(rng):
    """`(h·ψ)[v, g] = rot90(ψ[:, :, g − h], h)[v]`."""
    kernel = rng.normal(size=(3, 3, 4))
    for h, permutation in enumerate(get_group("c4").kernel_permutations(3, False)):
        moved = kernel.ravel()[permutation].reshape(3, 3, 4)
        for g in range(4):
            np.testing.assert_array_equal(
                moved[:, :, g], np.rot90(kernel[:, :, (g - h) % 4], h)
            )


@given(names, sizes, st.booleans(), st.data())
def test_actions_respect_the_product(name, size, on_group, data):
    group = GROUPS[name]
    shape = (1, size, size, *(group.representation_shape if on_group else ()), 2)
    inputs = np.random.default_rng(size).normal(size=shape)
    g, h = (data.draw(st.integers(0, group.order - 1)) for _ in range(2))
    np.testing.assert_array_equal(
        group.transform(group.transform(inputs, h), g),
        group.transform(inputs, group.product[g, h]),
    )


def test_new_group_needs_only_generators():
    mirrors = PointGroup("v4", "V4", (((-1, 0), (0, 1)), ((1, 0), (0, -1))))
    assert mirrors.order == 4
    np.testing.assert_array_equal(np.diag(mirrors.product), np.zeros(4))


def test_unknown_group_is_refused_with_the_accepted_names():
    with pytest.raises(ValueError, match=r"one of t2, c2, c4, d4.*c3"):
        get_group("c3")


def test_group_passes_through():
    assert get_group(GROUPS["c4"]) is GROUPS["c4"]


def test_non_square_inputs_are_refused():
    with pytest.raises(ValueError, match=r"square.*\(1, 4, 5, 1\)"):
        get_group("c4").transform(np.zeros((1, 4, 5, 1)), 1)


def test_feature_maps_of_another_group_are_refused():
    with pytest.raises(
        ValueError, match=r"C4 have 4 group elements.*\(1, 5, 5, 8, 1\)"
    ):
        get_group("c4").transform(np.zeros((1, 5, 5, 8, 1)), 1)
