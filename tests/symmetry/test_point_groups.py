import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symclone_tf.symmetry.named_groups import GROUPS, get_group
from symclone_tf.symmetry.point_groups import PointGroup

from references import ACTIONS, any_angle_actions

names = st.sampled_from(list(GROUPS))
exact_names = st.sampled_from(list(ACTIONS))
sizes = st.integers(1, 6)


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
            for i in elements[:8]:
                assert product[product[g, h], i] == product[g, product[h, i]]


def test_d4_does_not_commute():
    product = GROUPS["d4"].product
    assert not np.array_equal(product, product.T)


@given(exact_names, sizes)
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


@given(exact_names, sizes, st.booleans(), st.data())
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
        (((0.6, -0.8), (0.8, 0.6)), r"\(\(0\.6, "),  # by no fraction of a turn
        (((1, 0, 0), (0, 1, 0), (0, 0, 1)), r"\(\(1, 0, 0\), "),
        (((1, 0), (1,)), r"\(\(1, 0\), \(1,\)\)"),
        ("c4", "c4"),
        (np.array([[1, 1], [0, 1]]), r"\[\[1 1\] \[0 1\]\]"),
        # Orthogonal in 64 bits, in which 2³² squared is 0.
        (((2**32, 1), (1, -(2**32))), r"\(\(4294967296, 1\), "),
    ],
)
def test_generators_that_are_no_rotations_or_reflections_are_refused(
    generator, received
):
    message = (
        rf"must be matrices of reflections and of rotations.*generators\[1\]={received}"
    )
    with pytest.raises(ValueError, match=message) as error:
        PointGroup("x", "X", (((-1, 0), (0, -1)), generator))
    assert "\n" not in str(error.value)


REFLECTIONS = PointGroup("v4", "V4", (((-1, 0), (0, 1)), ((1, 0), (0, -1))))
TRANSPOSITION = PointGroup("s", "S", (((0, 1), (1, 0)),))


@pytest.mark.parametrize("size", [(4, 7), (5, 6), (3, 8), (2, 4)])
def test_rectangles_are_transformed_as_by_numpy(rng, size):
    images = rng.normal(size=(2, *size, 3))
    features = rng.normal(size=(2, *size, 2, 3))
    half = np.rot90(images, 2, (1, 2))
    np.testing.assert_array_equal(get_group("c2").transform(images, 1), half)
    np.testing.assert_array_equal(
        get_group("c2").transform(features, 1),
        np.rot90(features, 2, (1, 2))[:, :, :, ::-1],
    )
    expected = [images, images[:, ::-1], images[:, :, ::-1], half]
    found = [REFLECTIONS.transform(images, element) for element in range(4)]
    for one in expected:
        assert sum(np.array_equal(one, other) for other in found) == 1
    np.testing.assert_array_equal(get_group("t2").transform(images, 0), images)


def test_groups_without_quarter_turns_keep_rectangles():
    keep = [name for name, group in GROUPS.items() if group.keeps_rectangles]
    assert keep == ["t2", "flip", "c2", "d2"]
    assert REFLECTIONS.keeps_rectangles
    assert not TRANSPOSITION.keeps_rectangles


@pytest.mark.parametrize("group", [GROUPS["c4"], GROUPS["d4"], TRANSPOSITION])
def test_non_square_inputs_are_refused_where_axes_are_exchanged(group):
    said = f"{group.title} takes square images only.*t2, flip, c2 and d2 take others.*"
    with pytest.raises(ValueError, match=rf"{said}\(1, 4, 5, 1\)"):
        group.transform(np.zeros((1, 4, 5, 1)), 1)
    with pytest.raises(ValueError, match=rf"{said}size=\(4, 5\)"):
        group.image_permutations((4, 5))


def test_inputs_without_two_axes_of_pixels_are_refused():
    """Of signals, channels would be taken for columns."""
    with pytest.raises(ValueError, match=r"C2 acts on images.*\(2, 8, 3\)"):
        get_group("c2").transform(np.zeros((2, 8, 3)), 1)


def test_feature_maps_of_another_group_are_refused():
    with pytest.raises(
        ValueError, match=r"C4 have 4 group elements.*\(1, 5, 5, 8, 1\)"
    ):
        get_group("c4").transform(np.zeros((1, 5, 5, 8, 1)), 1)


EXACT = ["t2", "flip", "c2", "c4", "d2", "d4"]


def test_groups_of_quarter_turns_and_reflections_permute_pixels():
    assert {n for n, group in GROUPS.items() if group.permutes_pixels} == set(EXACT)


@pytest.mark.parametrize("name", EXACT)
def test_kernels_of_groups_that_permute_pixels_are_not_projected(rng, name):
    group, kernel = GROUPS[name], rng.normal(size=(5, 5))
    copies = (matrix @ kernel.ravel() for matrix in group.kernel_matrices(5))
    for copy, action in zip(copies, ACTIONS[name], strict=True):
        np.testing.assert_array_equal(copy.reshape(5, 5), action(kernel))
    assert group.kernel_rank(5) == 25


@pytest.mark.parametrize("name", ["c8", "c3", "d8"])
@pytest.mark.parametrize("size", [3, 5])
def test_kernels_are_rotated_by_any_angle_as_the_formula_says(rng, name, size):
    kernel = rng.normal(size=(size, size))
    matrices = GROUPS[name].kernel_matrices(size)
    for matrix, action in zip(matrices, any_angle_actions(name), strict=True):
        copy = (matrix @ kernel.ravel()).reshape(size, size)
        np.testing.assert_allclose(copy, action(kernel), atol=1e-12)


def test_features_of_c8_are_rotated_and_permuted(rng):
    c8 = get_group("c8")
    images = rng.normal(size=(2, 9, 9, 3))
    features = rng.normal(size=(2, 9, 9, 8, 3))
    quarter = np.rot90(images, 1, axes=(1, 2))
    np.testing.assert_array_equal(c8.transform(images, 2), quarter)
    found = c8.transform(features, 3)
    for h in range(8):
        expected = c8.transform(features[:, :, :, (h - 3) % 8], 3)
        np.testing.assert_allclose(found[:, :, :, h], expected, atol=1e-12)


def test_a_group_that_interpolates_has_no_permutations():
    with pytest.raises(
        ValueError, match=r"C8 does not permute.*rotated by 45°"
    ) as error:
        get_group("c8").image_permutations(5)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "size", "least"),
    [("c8", 2, 3), ("c12", 3, 4), ("c16", 4, 5), ("d16", 3, 5)],
)
def test_kernels_that_cannot_tell_rotations_apart_are_refused(name, size, least):
    group = get_group(name)
    message = f"kernels of {least} pixels, or more.*kernel_size={size}$"
    with pytest.raises(ValueError, match=message):
        group.kernel_matrices(size)
    assert len(group.kernel_matrices(least)) == group.order
    assert (group.kernel_matrices(1) == 1).all()
