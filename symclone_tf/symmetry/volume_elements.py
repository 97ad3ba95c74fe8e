"""Rotations and reflections of the cube: signed permutations of the axes of a volume,
which are the elements of groups of volumes."""

import itertools
from typing import NamedTuple

import numpy as np

from symclone_tf.types import Array, ArrayLike

AXES = ("depth", "height", "width")
# Rotations of the cube, by their traces, 1 + 2·cos(angle).
_ANGLES = {1: 90, 0: 120, -1: 180}


class VolumeElement(NamedTuple):
    """A signed permutation of centred (depth, height, width) coordinates.

    Attributes:
        axes: Triple of integers, for each axis of a transformed volume the axis that
            it comes from.
        signs: Triple of 1 and −1, whether that axis is then reversed.

    Example:

    >>> quarter = element_of(0, ((1, 0, 0), (0, 0, -1), (0, 1, 0)))
    >>> quarter.title, (quarter @ quarter).title
    ('rotated by 90° about depth', 'rotated by 180° about depth')
    """

    axes: tuple[int, int, int]
    signs: tuple[int, int, int]

    def __matmul__(self, other: "VolumeElement") -> "VolumeElement":
        """The product: first the other, then this."""
        first, second, third = (other.axes[axis] for axis in self.axes)
        a, b, c = (
            sign * other.signs[axis] for sign, axis in zip(self.signs, self.axes)
        )
        return VolumeElement((first, second, third), (a, b, c))

    @property
    def matrix(self) -> Array:
        """Integer array of shape `(3, 3)`, with one 1 or −1 in each row and column."""
        return np.eye(3, dtype=int)[list(self.axes)] * np.array(self.signs)[:, None]

    def transform(self, volumes: ArrayLike) -> Array:
        """Transforms volumes, whose axes must be as long as those they come from.

        Args:
            volumes: Array of shape `(batch, depth, height, width, …)`.

        Returns:
            Array of the same shape: `(s·f)[u] = f[s⁻¹u]`.

        Example:

        >>> mirror = element_of(0, ((1, 0, 0), (0, 1, 0), (0, 0, -1)))
        >>> mirror.transform(np.arange(3).reshape(1, 1, 1, 3)).ravel()
        array([2, 1, 0])
        """
        volumes = np.asarray(volumes)
        axes = (0, *(axis + 1 for axis in self.axes), *range(4, volumes.ndim))
        moved = np.transpose(volumes, axes)
        reverse = tuple(i + 1 for i, sign in enumerate(self.signs) if sign < 0)
        # A copy, so that nobody writes into the volumes by writing into the result.
        return np.flip(moved, reverse).copy(order="C")

    @property
    def title(self) -> str:
        """What it does to a volume, in a few words."""
        matrix = self.matrix
        is_rotation = np.linalg.det(matrix) > 0
        rotation = matrix if is_rotation else -matrix
        if np.trace(rotation) == 3:
            return "original" if is_rotation else "inverted"
        angle, axis = _angle_and_axis(rotation)
        about = _axis_title(axis)
        if is_rotation:
            return f"rotated by {angle}° about {about}"
        if angle == 180:  # inverted and turned half: a mirror across the axis
            return f"reflected along {about}"
        return f"inverted, rotated by {angle}° about {about}"


IDENTITY = VolumeElement((0, 1, 2), (1, 1, 1))
# Of the cube, 24 rotations and as many with reflections.
EVERY = frozenset(
    VolumeElement((i, j, k), (a, b, c))
    for i, j, k in itertools.permutations(range(3))
    for a, b, c in itertools.product((1, -1), repeat=3)
)


def _angle_and_axis(rotation):
    """The angle of a rotation in degrees, counter-clockwise about its axis, whose first
    coordinate that is not 0 is positive."""
    angle = _ANGLES[int(np.trace(rotation))]
    # The vectors that it leaves where they are; of whole numbers by ± the rotation.
    twist = rotation - rotation.T
    axis = np.array([twist[2, 1], twist[0, 2], twist[1, 0]])
    if angle == 180:
        axis = max((rotation + np.eye(3, dtype=int)).T, key=lambda v: tuple(abs(v)))
    axis = np.sign(axis)
    if axis[np.flatnonzero(axis)[0]] < 0:
        axis, angle = -axis, 360 - angle
    return angle, axis


def _axis_title(axis) -> str:
    """A coordinate's name, or a vector as `(1, 0, −1)`."""
    if np.abs(axis).sum() == 1:
        return AXES[int(np.argmax(np.abs(axis)))]
    return f"({', '.join(str(int(each)) for each in axis)})".replace("-", "−")


def element_of(number: int, generator: ArrayLike) -> VolumeElement:
    """A generator as an element.

    Args:
        number: Integer, which generator it is, for the message.
        generator: What should be a signed permutation matrix of three rows and
            columns.

    Raises:
        ValueError: If it is none: others do not map the grid of voxels onto itself.

    Example:

    >>> element_of(0, np.diag([-1, -1, -1])).title
    'inverted'
    """
    try:
        matrix = np.asarray(generator, "float64")
    except (TypeError, ValueError):  # rows of different lengths, words
        matrix = np.empty(0)
    for element in EVERY if matrix.shape == (3, 3) else ():
        if np.array_equal(element.matrix, matrix):
            return element
    received = " ".join(str(generator).split())
    raise ValueError(
        "`generators` must be signed permutations of (depth, height, width), as "
        "((1, 0, 0), (0, 0, -1), (0, 1, 0)). "
        f"Received: generators[{number}]={received}"
    )
