"""Kernels that can be rotated by any angle: rings times circular harmonics.

The pixel grid has no rotation by 45°. A kernel is rotated by it as a combination of
functions that rotate within themselves, `exp(−(r − ρ)² / 2σ²) · cos mθ` and `· sin mθ`:
rings of radius ρ, with few oscillations m around each, so that the pixels resolve them.
"""

import functools
from fractions import Fraction

import numpy as np

from symclone_tf.symmetry.plane_elements import PlaneElement
from symclone_tf.symmetry.resampling import pixel_sources
from symclone_tf.types import Array

# Width σ of rings, in pixels. With narrower ones a ring falls between pixels; wider
# ones mix with each other.
RING_WIDTH = 0.45
# Oscillations around a ring of radius ρ are at most this many times ρ.
OSCILLATIONS = 2.5


def ring_radii(size: int) -> Array:
    """The radii of the rings of a kernel, in pixels, one pixel from each other.

    Args:
        size: Integer, height and width in pixels.

    Example:

    >>> ring_radii(5).tolist(), ring_radii(4).tolist()
    ([0.0, 1.0, 2.0], [0.5, 1.5])
    """
    return np.arange((size + 1) // 2) + (0.0 if size % 2 else 0.5)


def steerable_basis(
    size: int, ring_width: float = RING_WIDTH, oscillations: float = OSCILLATIONS
) -> tuple[Array, Array]:
    """Functions of a pixel grid that span their own rotations by any angle.

    Args:
        size: Integer, height and width in pixels.
        ring_width: Float, σ, in pixels.
        oscillations: Float, the most around a ring, for each pixel of its radius.

    Returns:
        Pair of arrays: the functions, of shape `(size², n)`, and their numbers m of
        oscillations, integers of shape `(n,)`. Of functions that oscillate, the cosine
        is followed by the sine.

    Example:

    >>> functions, numbers = steerable_basis(3)
    >>> functions.shape, numbers.tolist()
    ((9, 6), [0, 0, 1, 1, 2, 2])

    Reference:

    - [Weiler et al., 2018](https://arxiv.org/abs/1711.07289), section 3, and
      [Weiler & Cesa, 2019](https://arxiv.org/abs/1911.08251), whose rings are wider,
      with fewer oscillations
    """
    axis = np.arange(size) - (size - 1) / 2
    rows, columns = (part.ravel() for part in np.meshgrid(axis, axis, indexing="ij"))
    distance, angle = np.hypot(rows, columns), np.arctan2(-rows, columns)
    functions, numbers = [], []
    for radius in ring_radii(size):
        ring = np.exp(-(((distance - radius) / ring_width) ** 2) / 2)
        # The centre, where angles are not defined, is in none that oscillates.
        around = np.where(distance > 0, ring, 0.0)
        for m in range(int(oscillations * radius) + 1):
            waves = [around * np.cos(m * angle), around * np.sin(m * angle)]
            waves = waves if m else [ring]
            functions += waves
            numbers += [m] * len(waves)
    return np.stack(functions, axis=1), np.array(numbers)


def rotation_within(functions: Array, numbers: Array, turn: float) -> Array:
    """The matrix that projects on functions and rotates within them.

    Args:
        functions: Array of shape `(size², n)`, see `steerable_basis`.
        numbers: Integer array of shape `(n,)`, their numbers of oscillations.
        turn: Float, fraction of a full turn, counter-clockwise.

    Returns:
        Array of shape `(size², size²)`, for kernels as columns.

    Example:

    >>> matrix = rotation_within(*steerable_basis(5), 1 / 8)
    >>> quarter = rotation_within(*steerable_basis(5), 1 / 4)
    >>> np.allclose(matrix @ matrix, quarter)
    True
    """
    rotation, column = np.eye(len(numbers)), 0
    while column < len(numbers):
        m = numbers[column]
        if m:
            # cos m(θ − a) = cos ma · cos mθ + sin ma · sin mθ, and likewise of sines.
            cosine, sine = np.cos(2 * np.pi * m * turn), np.sin(2 * np.pi * m * turn)
            pair = slice(column, column + 2)
            rotation[pair, pair] = [[cosine, -sine], [sine, cosine]]
        column += 2 if m else 1
    return functions @ rotation @ np.linalg.pinv(functions)


def kernel_matrix(element: PlaneElement, size: int) -> Array:
    """The matrix by which an element acts on kernels of a group off the pixel grid.

    A kernel is projected on the steerable basis and transformed within it. Matrices of
    products are products of matrices; that of the identity is the projection. Quarter
    turns and reflections permute the projected kernel's pixels, exactly.

    Args:
        element: `PlaneElement`.
        size: Integer, the kernel's height and width in pixels.

    Returns:
        Array of shape `(size², size²)`.

    Example:

    >>> eighth = get_group("c8").plane_elements[1]
    >>> quarter = kernel_matrix(eighth @ eighth, 5)
    >>> np.allclose(kernel_matrix(eighth, 5) @ kernel_matrix(eighth, 5), quarter)
    True
    """
    quarters = int(4 * element.turn)
    turn = element.turn - Fraction(quarters, 4)
    matrix = rotation_within(*steerable_basis(size), float(turn))
    # What is left permutes pixels: first the reflection, last the quarter turns.
    if element.reflected:
        reflection = pixel_sources(PlaneElement(Fraction(0), True), (size, size))
        matrix = matrix[:, reflection]
    quarter = PlaneElement(Fraction(quarters, 4), False)
    return matrix[pixel_sources(quarter, (size, size))]


@functools.lru_cache(maxsize=64)
def kernel_matrices(elements: tuple[PlaneElement, ...], size: int) -> Array:
    """The matrices of several elements, see `kernel_matrix`.

    Args:
        elements: Tuple of `PlaneElement`.
        size: Integer, the kernel's height and width in pixels.

    Returns:
        Array of shape `(elements, size², size²)`, read-only.

    Example:

    >>> kernel_matrices(get_group("c8").members, 5).shape
    (8, 25, 25)
    """
    # Kept, since layers need them in every eager call.
    matrices = np.stack([kernel_matrix(element, size) for element in elements])
    matrices.setflags(write=False)
    return matrices


def kernel_rank(size: int) -> int:
    """How many dimensions of kernels the steerable basis spans.

    Args:
        size: Integer, height and width in pixels.

    Example:

    >>> [kernel_rank(size) for size in (1, 3, 5, 7)]
    [1, 6, 17, 32]
    """
    return steerable_basis(size)[0].shape[1]


def least_kernel(rotations: int) -> int:
    """The smallest kernel that tells so many rotations apart.

    Its outermost pixels are at least as many as rotations.

    Args:
        rotations: Integer.

    Returns:
        Integer, height and width in pixels.

    Example:

    >>> least_kernel(8), least_kernel(16)
    (3, 5)
    """
    return 1 + -(-rotations // 4)
