"""Rotations by fractions of a turn and reflections, and the groups they generate."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from symclone_tf.symmetry.plane_elements import (
    HALF_ROTATION,
    IDENTITY,
    MOST_ROTATIONS,
    QUARTER_ROTATION,
    REFLECTION,
    PlaneElement,
    closure,
    element_of,
)

# All signed permutations of two axes: the axes in either order, each with either sign.
SIGNED = [
    np.diag(signs) @ np.eye(2, dtype=int)[list(order)]
    for signs in itertools.product((1, -1), repeat=2)
    for order in ((0, 1), (1, 0))
]


def rotation(degrees):
    """By the formula, in (row, column) coordinates, counter-clockwise on the screen."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def test_signed_permutations_are_elements_that_permute_pixels():
    for matrix in SIGNED:
        element = element_of(0, matrix)
        assert element.permutes_pixels
        assert element.matrix.dtype.kind == "i"
        np.testing.assert_array_equal(element.matrix, matrix)
    assert len({element_of(0, matrix) for matrix in SIGNED}) == 8


def test_other_matrices_of_small_integers_are_refused():
    matrices = map(np.array, itertools.product((-1, 0, 1), repeat=4))
    refused = 0
    for matrix in (entry.reshape(2, 2) for entry in matrices):
        if not any(np.array_equal(matrix, element) for element in SIGNED):
            with pytest.raises(ValueError, match=r"must be matrices.*generators\[2\]"):
                element_of(2, matrix)
            refused += 1
    assert refused == 3**4 - 8


@pytest.mark.parametrize("degrees", [45, 22.5, 30, 120, 360 / 7, 330, 360 / 64])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_fractions_of_a_turn_are_found_from_rounded_matrices(degrees, dtype):
    for matrix in (rotation(degrees), rotation(degrees) @ np.array(REFLECTION)):
        element = element_of(0, matrix.astype(dtype))
        assert 360 * float(element.turn) == pytest.approx(degrees)
        assert not element.permutes_pixels
        np.testing.assert_allclose(element.matrix, matrix, atol=1e-15)


@pytest.mark.parametrize(
    "matrix", [rotation(360 / 65), rotation(1), rotation(45) * 1.001, rotation(np.nan)]
)
def test_other_angles_and_lengths_are_refused(matrix):
    with pytest.raises(ValueError, match=r"multiples of 360°/N, N at most 64") as error:
        element_of(0, matrix)
    assert "\n" not in str(error.value)


def test_products_are_those_of_matrices():
    elements = closure([element_of(0, rotation(30)), element_of(1, REFLECTION)])
    assert len(elements) == 24
    for first, second in itertools.product(elements, repeat=2):
        found = (first @ second).matrix
        np.testing.assert_allclose(found, first.matrix @ second.matrix, atol=1e-15)


@pytest.mark.parametrize(
    ("generators", "order"),
    [
        ([], 1),
        ([REFLECTION], 2),
        ([HALF_ROTATION], 2),
        ([QUARTER_ROTATION], 4),
        ([HALF_ROTATION, REFLECTION], 4),
        ([QUARTER_ROTATION, REFLECTION], 8),
        ([rotation(45)], 8),
        ([rotation(120), HALF_ROTATION], 6),
        ([rotation(360 / 64), REFLECTION], 2 * MOST_ROTATIONS),
    ],
)
def test_closure_has_all_products_once(generators, order):
    elements = closure([element_of(n, each) for n, each in enumerate(generators)])
    assert elements[0] == IDENTITY
    assert len(elements) == len(set(elements)) == order
    assert {a @ b for a in elements for b in elements} == set(elements)


def test_too_many_rotations_are_refused():
    generators = [element_of(0, rotation(360 / n)) for n in (7, 64)]
    with pytest.raises(ValueError, match="at most 64 rotations"):
        closure(generators)


def test_titles_say_what_an_element_does():
    quarter, reflection = (element_of(0, m) for m in (QUARTER_ROTATION, REFLECTION))
    assert IDENTITY.title == "original"
    assert quarter.title == "rotated by 90°"
    assert (quarter @ quarter @ quarter).title == "rotated by 270°"
    assert reflection.title == "reflected"
    assert (quarter @ reflection).title == "reflected, rotated by 90°"
    assert PlaneElement(Fraction(1, 16), False).title == "rotated by 22.5°"
    assert PlaneElement(Fraction(1, 7), True).title == "reflected, rotated by 51.43°"
