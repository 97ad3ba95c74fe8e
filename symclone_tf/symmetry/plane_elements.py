"""Rotations by fractions of a turn and reflections of the plane: the elements of point
groups, with exact products."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from symclone_tf.symmetry.group_tables import closed
from symclone_tf.types import Array, ArrayLike

# Acting on centred (row, column) coordinates, rows pointing down.
HALF_ROTATION = ((-1, 0), (0, -1))
QUARTER_ROTATION = ((0, -1), (1, 0))  # numpy.rot90(image, 1): counter-clockwise
REFLECTION = ((1, 0), (0, -1))  # left to right

# Rotations by 360°/N, N at most this, are elements.
MOST_ROTATIONS = 64
# Of a generator's entries, for what rounding to float32 leaves.
TOLERANCE = 1e-6


class PlaneElement(NamedTuple):
    """A reflection from left to right, or none, and then a rotation.

    Attributes:
        turn: `Fraction` of a full turn, counter-clockwise, from 0 to below 1.
        reflected: Boolean.

    Example:

    >>> quarter = PlaneElement(Fraction(1, 4), False)
    >>> (quarter @ quarter).title
    'rotated by 180°'
    """

    turn: Fraction
    reflected: bool

    def __matmul__(self, other: "PlaneElement") -> "PlaneElement":
        """The product: first the other, then this."""
        sign = -1 if self.reflected else 1
        turn = (self.turn + sign * other.turn) % 1
        return PlaneElement(turn, self.reflected != other.reflected)

    @property
    def permutes_pixels(self) -> bool:
        """Whether it maps the pixel grid onto itself, as quarter turns do."""
        return (4 * self.turn).denominator == 1

    @property
    def matrix(self) -> Array:
        """Array of shape `(2, 2)`, of integers if it permutes pixels."""
        quarters = int(4 * self.turn)
        matrix: Array = np.linalg.matrix_power(np.array(QUARTER_ROTATION), quarters)
        # Less than a quarter turn is left: entries of further ones are the same floats.
        angle = 2 * np.pi * float(self.turn - Fraction(quarters, 4))
        if angle:
            cosine, sine = np.cos(angle), np.sin(angle)
            matrix = matrix @ np.array([[cosine, -sine], [sine, cosine]])
        return matrix @ np.array(REFLECTION) if self.reflected else matrix

    @property
    def title(self) -> str:
        """What it does to an image, in a few words."""
        degrees = f"{360 * float(self.turn):.2f}".rstrip("0").rstrip(".")
        rotated = [f"rotated by {degrees}°"] * bool(self.turn)
        return ", ".join(["reflected"] * self.reflected + rotated) or "original"


IDENTITY = PlaneElement(Fraction(0), False)


def element_of(number: int, generator: ArrayLike) -> PlaneElement:
    """A generator as an element.

    Args:
        number: Integer, which generator it is, for the message.
        generator: What should be a matrix of two rows and columns.

    Raises:
        ValueError: If it is not one of an element: the products of other matrices may
            be infinitely many.

    Example:

    >>> element_of(0, ((0, 1), (1, 0))).title
    'reflected, rotated by 90°'
    """
    try:
        matrix = np.asarray(generator, "float64")
    except (TypeError, ValueError):  # rows of different lengths, words
        matrix = np.empty(0)
    if matrix.shape == (2, 2) and np.isfinite(matrix).all():
        reflected = bool(np.linalg.det(matrix) < 0)
        rotation = matrix @ np.array(REFLECTION) if reflected else matrix
        turn = np.arctan2(rotation[1, 0], rotation[0, 0]) / (2 * np.pi)
        nearest = Fraction(turn).limit_denominator(MOST_ROTATIONS) % 1
        element = PlaneElement(nearest, reflected)
        if np.abs(element.matrix - matrix).max() < TOLERANCE:
            return element
    received = " ".join(str(generator).split())
    raise ValueError(
        "`generators` must be matrices of reflections and of rotations by multiples of "
        f"360°/N, N at most {MOST_ROTATIONS}, as ((0, -1), (1, 0)). "
        f"Received: generators[{number}]={received}"
    )


def closure(generators: list[PlaneElement]) -> list[PlaneElement]:
    """All products of the generators, those of the first generators first.

    Raises:
        ValueError: If their rotations are by less than 360°/64.
    """
    return closed(IDENTITY, generators, _check_rotations)


def _check_rotations(candidate, elements):
    if len(elements) > 2 * MOST_ROTATIONS:
        raise ValueError(
            f"`generators` must make at most {MOST_ROTATIONS} rotations. "
            f"Received: generators of more, as {candidate.title}"
        )
