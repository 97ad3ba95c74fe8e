import numpy as np
import pytest

from symclone_tf.symmetry.point_groups import GROUPS
from symclone_tf.teachers.group_convolution import group_conv2d

from cases import ALL_CASES
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


@pytest.mark.parametrize("lifting", [True, False])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "kernel_size"), [((5, 8), (3, 3)), ((7, 6), (3, 5)), ((4, 9), (1, 3))]
)
def test_rectangles_equal_loops_under_half_turns(
    rng, lifting, padding, size, kernel_size
):
    axis = () if lifting else (2,)
    inputs = rng.normal(size=(2, *size, *axis, 2)).astype("float32")
    kernel = rng.normal(size=(*kernel_size, *axis, 2, 3)).astype("float32")
    expected = group_conv2d_loops(inputs, kernel, "c2", padding)
    found = group_conv2d(inputs, kernel, "c2", padding)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_kernel_of_the_wrong_rank_is_refused():
    with pytest.raises(ValueError, match=r"need a kernel of shape \(k, k, 4, in"):
        group_conv2d(np.zeros((1, 6, 6, 4, 1)), np.zeros((3, 3, 1, 2)), "c4")
