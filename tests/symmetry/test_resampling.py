"""Rotations of images by any angle: pixels, their weights, and the disc."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import ndimage

from symclone_tf.symmetry.plane_elements import PlaneElement
from symclone_tf.symmetry.resampling import (
    disc,
    pixel_sources,
    resampling,
    resampling_matrix,
)


def rotation(turn, reflected=False):
    return PlaneElement(Fraction(turn), reflected)


def transformed(image, element):
    pixels, weights = resampling(element, image.shape)
    return (image.ravel()[pixels] * weights).sum(axis=1).reshape(image.shape)


def smooth(size, function):
    """A function of centred coordinates, x to the right and y upwards."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return function(columns - (size[1] - 1) / 2, (size[0] - 1) / 2 - rows)


@pytest.mark.parametrize("size", [(7, 7), (8, 8)])
@pytest.mark.parametrize("quarters", range(4))
def test_quarter_turns_and_reflections_are_exact(rng, size, quarters):
    image = rng.normal(size=size)
    for reflected in (False, True):
        element = rotation(Fraction(quarters, 4), reflected)
        expected = np.rot90(image[:, ::-1] if reflected else image, quarters)
        np.testing.assert_array_equal(transformed(image, element), expected)
        assert resampling(element, size)[0].shape == (image.size, 1)


@pytest.mark.parametrize("size", [(20, 20), (21, 21)])
@pytest.mark.parametrize("turn", ["1/8", "1/16", "2/3", "5/12"])
@pytest.mark.parametrize("reflected", [False, True])
def test_a_smooth_function_is_rotated_as_by_its_formula(size, turn, reflected):
    """`(g·x)(p) = x(g⁻¹p)`, counter-clockwise."""

    def function(x, y):
        return np.exp(-((x - 3) ** 2 + (y - 1) ** 2) / 18) + 0.01 * x

    angle = 2 * np.pi * float(Fraction(turn))
    cosine, sine = np.cos(angle), np.sin(angle)

    def expected(x, y):
        x, y = cosine * x + sine * y, cosine * y - sine * x
        return function(-x if reflected else x, y)

    found = transformed(smooth(size, function), rotation(turn, reflected))
    inside = disc(size, margin=2)
    error = np.abs(found - smooth(size, expected))[inside].max()
    assert error < 3e-3
    assert not found[~disc(size)].any()


def test_interpolation_is_cubic_convolution(rng):
    """As scipy's, whose splines differ, but not by much, on a smooth image."""
    image = ndimage.gaussian_filter(rng.normal(size=(32, 32)), 2)
    expected = ndimage.rotate(image, 30, reshape=False, order=3)
    found = transformed(image, rotation("1/12"))
    inside = disc((32, 32), margin=2)
    error = np.linalg.norm((found - expected)[inside]) / np.linalg.norm(image)
    assert error < 0.02


def test_constants_and_lines_are_reproduced():
    image = smooth((15, 15), lambda x, y: 2 + x - 3 * y)
    found = transformed(image, rotation("1/8"))
    root = np.sqrt(0.5)
    # x and y of where a pixel comes from: rotated clockwise.
    expected = smooth((15, 15), lambda x, y: 2 + root * (x + y) - 3 * root * (y - x))
    inside = disc((15, 15), margin=2)
    np.testing.assert_allclose(found[inside], expected[inside], atol=1e-12)


def test_rectangles_are_reflected_and_turned_upside_down(rng):
    image = rng.normal(size=(3, 5))
    for element, expected in (
        (rotation(0, True), image[:, ::-1]),
        (rotation("1/2"), image[::-1, ::-1]),
    ):
        found = image.ravel()[pixel_sources(element, (3, 5))].reshape(3, 5)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_the_disc_touches_the_edges(size):
    found = disc((size, size))
    assert found[0].any()
    np.testing.assert_array_equal(found, np.rot90(found))
    assert not disc((size, size), margin=size).any()


@pytest.mark.parametrize("turn", ["1/8", "1/4"])
def test_the_matrix_weighs_the_same_pixels(rng, turn):
    element, image = rotation(turn), rng.normal(size=(11, 11))
    found = resampling_matrix(element, image.shape) @ image.ravel()
    expected = transformed(image, element)
    np.testing.assert_allclose(found.reshape(image.shape), expected, atol=1e-12)
