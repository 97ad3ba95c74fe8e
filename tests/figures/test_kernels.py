import numpy as np
import pytest

from symclone_tf.figures.kernels import kernels_of


@pytest.mark.parametrize("size", [3, 5, 7])
def test_kernels_are_the_same_pictures_in_any_number_of_pixels(size):
    kernels = kernels_of(size)
    assert list(kernels) == ["edges", "diagonal", "corner", "random"]
    # Every other pixel, or every third, is that of 3×3.
    step = (size - 1) // 2
    for name, small in kernels_of(3).items():
        assert kernels[name].shape == (size, size)
        if name != "random":
            np.testing.assert_allclose(kernels[name][::step, ::step], small)


def test_edges_are_antisymmetric():
    edges = kernels_of(5)["edges"]
    np.testing.assert_allclose(edges[::-1], -edges)
    np.testing.assert_allclose(edges[:, ::-1], edges)
