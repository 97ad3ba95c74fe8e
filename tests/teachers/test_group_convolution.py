import numpy as np
import pytest
from keras import ops
from scipy.ndimage import gaussian_filter

from symclone_tf.symmetry import (
    GroupTransformation,
    largest_error,
    transformations_of,
)
from symclone_tf.symmetry.named_groups import GROUPS
from symclone_tf.teachers.convolution import convolve
from symclone_tf.teachers.group_convolution import (
    group_conv2d,
    kernel_gains,
    transformed_kernels,
)

from cases import ALL_CASES, later
from references import group_conv2d_loops


def draw(rng, group, lifting, size, kernel_size, channels=2, filters=3):
    axis = () if lifting else GROUPS[group].representation_shape
    return (
        rng.normal(size=(2, size, size, *axis, channels)).astype("float32"),
        rng.normal(size=(kernel_size, kernel_size, *axis, channels, filters)).astype(
            "float32"
        ),
    )


@ALL_CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "kernel_size"), [(6, 3), (7, 3), (5, 1), (6, 5)])
def test_equals_loops_over_the_formula(rng, group, lifting, padding, size, kernel_size):
    inputs, kernel = draw(rng, group, lifting, size, kernel_size)
    expected = group_conv2d_loops(inputs, kernel, group, padding)
    outputs = group_conv2d(inputs, kernel, group, padding)
    assert outputs.shape == expected.shape
    error = np.linalg.norm(outputs - expected) / np.linalg.norm(expected)
    assert error < 1e-5


@ALL_CASES
def test_even_kernels_equal_loops_too(rng, group, lifting):
    inputs, kernel = draw(rng, group, lifting, 6, 2)
    expected = group_conv2d_loops(inputs, kernel, group, "valid")
    np.testing.assert_allclose(
        group_conv2d(inputs, kernel, group), expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("group", ["c8", "c3", later("d8"), later("c16"), later("d6")])
@pytest.mark.parametrize("lifting", [True, False])
@pytest.mark.parametrize(("padding", "kernel_size"), [("valid", 6), ("same", 5)])
def test_rotations_by_any_angle_equal_loops(rng, group, lifting, padding, kernel_size):
    inputs, kernel = draw(rng, group, lifting, 7, kernel_size, 1, 2)
    expected = group_conv2d_loops(inputs, kernel, group, padding)
    outputs = group_conv2d(inputs, kernel, group, padding)
    assert outputs.shape == expected.shape
    error = np.linalg.norm(outputs - expected) / np.linalg.norm(expected)
    assert error < 1e-5


@pytest.mark.parametrize("group", ["c4", "d2", "c8", "c12", "d8", "c6"])
@pytest.mark.parametrize("lifting", [True, False])
@pytest.mark.parametrize("size", [8, 9])
def test_exact_elements_of_any_group_are_exact(rng, group, lifting, size):
    """Quarter turns where 4 divides N, half turns and reflections."""
    elements = GROUPS[group].plane_elements
    exact = [g for g, e in enumerate(elements) if g and e.permutes_pixels]
    assert exact
    inputs, kernel = draw(rng, group, lifting, size, 5)
    moves = [GroupTransformation(group, element) for element in exact]
    error = largest_error(lambda x: group_conv2d(x, kernel, group), moves, inputs)
    assert error < 1e-6


@pytest.mark.parametrize("group", ["c8", "d3", "c16"])
@pytest.mark.parametrize("lifting", [True, False])
def test_other_elements_err_as_little_as_sampling_does(rng, group, lifting):
    """On smooth images, where kernels that do not rotate err much."""
    inputs, kernel = draw(rng, group, lifting, 40, 5)
    inputs = gaussian_filter(inputs, (0, 2, 2, *[0] * (inputs.ndim - 3)))
    moves = transformations_of(group)
    error = largest_error(lambda x: group_conv2d(x, kernel, group), moves, inputs)
    assert error < 0.1
    plain = kernel if lifting else kernel[:, :, 0]

    def the_same_for_all(x):
        x = x if lifting else x[:, :, :, 0]
        outputs = convolve(x, plain, (1, 1), "valid", (1, 1))
        return ops.stack([outputs] * GROUPS[group].order, axis=3)

    assert largest_error(the_same_for_all, moves, inputs) > 0.5


@pytest.mark.parametrize("lifting", [True, False])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "kernel_size"), [((5, 8), (3, 3)), ((7, 6), (3, 5)), ((4, 9), (1, 3))]
)
@pytest.mark.parametrize("group", ["c2", "flip", "d2"])
def test_rectangles_equal_loops_under_half_turns_and_reflections(
    rng, group, lifting, padding, size, kernel_size
):
    axis = () if lifting else (GROUPS[group].order,)
    inputs = rng.normal(size=(2, *size, *axis, 2)).astype("float32")
    kernel = rng.normal(size=(*kernel_size, *axis, 2, 3)).astype("float32")
    expected = group_conv2d_loops(inputs, kernel, group, padding)
    found = group_conv2d(inputs, kernel, group, padding)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_kernel_of_the_wrong_rank_is_refused():
    with pytest.raises(ValueError, match=r"need a kernel of shape \(k, k, 4, in"):
        group_conv2d(np.zeros((1, 6, 6, 4, 1)), np.zeros((3, 3, 1, 2)), "c4")


def test_kernels_that_cannot_tell_rotations_apart_are_refused():
    with pytest.raises(ValueError, match="C12 has 12 rotations, which kernels of 4"):
        group_conv2d(np.zeros((1, 6, 6, 1)), np.zeros((3, 3, 1, 2)), "c12")


def test_a_kernel_of_one_pixel_is_the_same_for_all_rotations(rng):
    kernel = rng.normal(size=(1, 1, 2, 3)).astype("float32")
    copies = np.array(transformed_kernels(kernel, GROUPS["c8"]))
    np.testing.assert_allclose(copies, np.broadcast_to(kernel[0], (8, 1, 2, 3)))


@pytest.mark.parametrize(("group", "size"), [("c4", 3), ("c8", 5), ("d6", 3)])
def test_gains_are_mean_squares_of_outputs(rng, group, size):
    """Of N(0, I) inputs, which are squares of the copies' entries."""
    gains = kernel_gains(GROUPS[group], size)
    kernel = rng.normal(size=(size, size, 1, 1))
    copies = np.array(transformed_kernels(kernel, GROUPS[group]))
    expected = np.mean(np.sum(copies**2, axis=(1, 2, 3)))
    assert kernel.ravel() @ gains @ kernel.ravel() == pytest.approx(expected)
