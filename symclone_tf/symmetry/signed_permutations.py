"""Signed permutations of rows and columns: the elements of point groups."""

import numpy as np

from symclone_tf.types import Array, ArrayLike

# Acting on centred (row, column) coordinates, rows pointing down.
HALF_ROTATION = ((-1, 0), (0, -1))
QUARTER_ROTATION = ((0, -1), (1, 0))  # numpy.rot90(image, 1): counter-clockwise
REFLECTION = ((1, 0), (0, -1))  # left to right


def key(element: Array) -> tuple[int, ...]:
    """An element as a key of dictionaries."""
    return tuple(element.ravel().tolist())


def signed_permutation(number: int, generator: ArrayLike) -> Array:
    """A generator as a matrix.

    Args:
        number: Integer, which generator it is, for the message.
        generator: What should be a matrix of two rows and columns.

    Returns:
        Integer array of shape `(2, 2)`.

    Raises:
        ValueError: If it is not a signed permutation of the two axes. The products of
            other matrices may be infinitely many.
    """
    try:
        matrix = np.asarray(generator)
    except ValueError:  # rows of different lengths
        matrix = np.empty(0)
    integers = matrix.shape == (2, 2) and matrix.dtype.kind in "iu"
    # Products of large integers overflow, so that they may look orthogonal.
    entries = integers and np.isin(matrix, (-1, 0, 1)).all()
    # Integer matrices are orthogonal if and only if they are signed permutations.
    if not entries or not np.array_equal(matrix @ matrix.T, np.eye(2)):
        received = " ".join(str(generator).split())
        raise ValueError(
            "`generators` must be signed permutation matrices of integers, as "
            f"((0, -1), (1, 0)). Received: generators[{number}]={received}"
        )
    return matrix.astype(int)


def closure(generators: list[Array]) -> list[Array]:
    """All products of the generators, those of the first generators first."""
    elements: list[Array] = [np.eye(2, dtype=int)]
    seen = {key(elements[0])}
    for used in range(1, len(generators) + 1):
        for element in elements:  # the list grows during iteration
            for generator in generators[:used]:
                candidate = element @ generator
                if key(candidate) not in seen:
                    seen.add(key(candidate))
                    elements.append(candidate)
    return elements


def element_title(element: Array) -> str:
    """What an element does to an image, in a few words."""
    reflected = round(np.linalg.det(element)) < 0
    rotation = element @ np.array(REFLECTION) if reflected else element
    degrees = round(np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))) % 360
    parts = ["reflected"] * reflected + [f"rotated by {degrees}°"] * bool(degrees)
    return ", ".join(parts) or "original"
