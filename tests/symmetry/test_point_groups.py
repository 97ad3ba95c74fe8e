import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symclone_tf.symmetry.point_groups import GROUPS, PointGroup, get_group

from references import ACTIONS

ORDERS = {"t2": 1, "c2": 2, "c4": 4, "d4": 8}
names = st.sampled_from(list(GROUPS))
sizes = st.integers(1, 6)


def test_the_built_in_groups_have_these_orders():
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
def test_images_are_transformed_as_by_numpy(name, size):
    image = np.random.default_rng(size).normal(size=(size, size))
    for action, permutation in zip(
        ACTIONS[name], GROUPS[name].image_permutations(size), strict=True
    ):
        np.testing.assert_array_equal(
            image.ravel()[permutation].reshape(size, size), action(image)
        )


def test_rotation_of_c4_is_rot90_and_rolls_the_regular_representation(rng):
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


def test_c4_transforms_kernels_by_the_formula(rng):
    """`(h·ψ)[v, g] = rot90(ψ[:, :, g − h], h)[v]`."""
    kernel = rng.normal(size=(3, 3, 4))
    for h, permutation in enumerate(get_group("c4").kernel_permutations(3, False)):
        transformed = kernel.ravel()[permutation].reshape(3, 3, 4)
        for g in range(4):
            np.testing.assert_array_equal(
                transformed[:, :, g], np.rot90(kernel[:, :, (g - h) % 4], h)
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
    reflections = PointGroup("v4", "V4", (((-1, 0), (0, 1)), ((1, 0), (0, -1))))
    assert reflections.order == 4
    np.testing.assert_array_equal(np.diag(reflections.product), np.zeros(4))


def test_generators_may_be_arrays_of_any_integers():
    rows = [[0, 1], [1, 0]]
    orders = [
        PointGroup("x", "X", (np.array(rows, dtype),)).order
        for dtype in ("int8", "uint8", "uint64")
    ]
    assert orders == [2, 2, 2]


@pytest.mark.parametrize(
    ("generator", "received"),
    [
        (((1, 1), (0, 1)), r"\(\(1, 1\), \(0, 1\)\)"),  # a shear, of infinite order
        (((2, 0), (0, 1)), r"\(\(2, 0\), \(0, 1\)\)"),
        (((1, 0), (0, 0)), r"\(\(1, 0\), \(0, 0\)\)"),
        (((0.6, -0.8), (0.8, 0.6)), r"\(\(0\.6, "),  # a rotation, but of no grid
        (((1, 0, 0), (0, 1, 0), (0, 0, 1)), r"\(\(1, 0, 0\), "),
        (((1, 0), (1,)), r"\(\(1, 0\), \(1,\)\)"),
        ("c4", "c4"),
        (np.array([[1, 1], [0, 1]]), r"\[\[1 1\] \[0 1\]\]"),
        # Orthogonal in 64 bits, in which 2³² squared is 0.
        (((2**32, 1), (1, -(2**32))), r"\(\(4294967296, 1\), "),
    ],
)
def test_generators_that_are_no_signed_permutations_are_refused(generator, received):
    message = rf"must be signed permutation matrices.*generators\[1\]={received}"
    with pytest.raises(ValueError, match=message) as error:
        PointGroup("x", "X", (((-1, 0), (0, -1)), generator))
    assert "\n" not in str(error.value)


def test_unknown_group_is_refused_with_the_accepted_names():
    with pytest.raises(ValueError, match=r"one of t2, c2, c4, d4.*c3"):
        get_group("c3")


def test_a_group_is_returned_unchanged():
    assert get_group(GROUPS["c4"]) is GROUPS["c4"]


def test_non_square_inputs_are_refused():
    with pytest.raises(ValueError, match=r"square.*\(1, 4, 5, 1\)"):
        get_group("c4").transform(np.zeros((1, 4, 5, 1)), 1)


def test_feature_maps_of_another_group_are_refused():
    with pytest.raises(
        ValueError, match=r"C4 have 4 group elements.*\(1, 5, 5, 8, 1\)"
    ):
        get_group("c4").transform(np.zeros((1, 5, 5, 8, 1)), 1)
