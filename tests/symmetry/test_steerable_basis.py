"""Kernels that rotate within themselves."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from symclone_tf.symmetry.named_groups import get_group
from symclone_tf.symmetry.plane_elements import PlaneElement
from symclone_tf.symmetry.steerable_basis import (
    OSCILLATIONS,
    RING_WIDTH,
    kernel_matrix,
    kernel_rank,
    least_kernel,
    ring_radii,
    steerable_basis,
)

SIZES = [1, 2, 3, 4, 5, 6, 7, 9]


def on_grid(size, function):
    """A function of polar coordinates, angles counter-clockwise."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    return function(np.hypot(rows, columns), np.arctan2(-rows, columns)).ravel()


@pytest.mark.parametrize("size", SIZES)
def test_functions_are_linearly_independent(size):
    functions, oscillations = steerable_basis(size)
    assert functions.shape == (size**2, len(oscillations))
    assert np.linalg.matrix_rank(functions, tol=1e-2) == kernel_rank(size)
    expected = sum(2 * int(OSCILLATIONS * radius) + 1 for radius in ring_radii(size))
    assert kernel_rank(size) == expected


@pytest.mark.parametrize("size", [3, 4, 5, 7])
@pytest.mark.parametrize("turn", ["1/8", "1/3", "11/16"])
@pytest.mark.parametrize("reflected", [False, True])
def test_combinations_are_transformed_as_by_their_formula(rng, size, turn, reflected):
    angle = 2 * np.pi * float(Fraction(turn))
    matrix = kernel_matrix(PlaneElement(Fraction(turn), reflected), size)
    for radius in ring_radii(size):
        for m in range(int(OSCILLATIONS * radius) + 1):
            phase = rng.uniform(0, 2 * np.pi)

            def wave(distance, theta, m=m, radius=radius, phase=phase):
                ring = np.exp(-((distance - radius) ** 2) / (2 * RING_WIDTH**2))
                return ring * np.cos(m * theta + phase) * ((distance > 0) | (m == 0))

            def moved(distance, theta, wave=wave):
                theta = theta - angle
                return wave(distance, np.pi - theta if reflected else theta)

            found = matrix @ on_grid(size, wave)
            np.testing.assert_allclose(found, on_grid(size, moved), atol=1e-12)


@pytest.mark.parametrize("name", ["c8", "c3", "d6", "d16"])
@pytest.mark.parametrize("size", [5, 6])
def test_products_of_matrices_are_matrices_of_products(name, size):
    group = get_group(name)
    matrices = group.kernel_matrices(size)
    for g, h in itertools.product(range(group.order), repeat=2):
        found, expected = matrices[g] @ matrices[h], matrices[group.product[g, h]]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_identity_projects(rng):
    projection = kernel_matrix(PlaneElement(Fraction(0), False), 5)
    np.testing.assert_allclose(projection @ projection, projection, atol=1e-13)
    np.testing.assert_allclose(projection, projection.T, atol=1e-13)
    assert np.trace(projection) == pytest.approx(kernel_rank(5))


@pytest.mark.parametrize("size", [4, 5])
def test_quarter_turns_and_reflections_permute_the_projected_kernel(rng, size):
    kernel = rng.normal(size=size**2)
    # Of matrices: products with them differ by how a processor adds.
    eighth = kernel_matrix(PlaneElement(Fraction(1, 8), False), size)
    for quarters in range(4):
        turn = Fraction(1, 8) + Fraction(quarters, 4)
        found = kernel_matrix(PlaneElement(turn, False), size)
        expected = np.rot90(eighth.reshape(size, size, -1), quarters)
        np.testing.assert_array_equal(found.reshape(size, size, -1), expected)
    # Of a reflection to begin with, only the sums' order differs.
    found = kernel_matrix(PlaneElement(Fraction(1, 8), True), size) @ kernel
    flipped = kernel.reshape(size, size)[:, ::-1].ravel()
    expected = kernel_matrix(PlaneElement(Fraction(1, 8), False), size) @ flipped
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_kernels_have_as_many_pixels_at_the_edge_as_rotations():
    edges = {size: 4 * (size - 1) for size in range(2, 20)}
    for rotations in range(2, 65):
        least = min(size for size, pixels in edges.items() if pixels >= rotations)
        assert least_kernel(rotations) == least
