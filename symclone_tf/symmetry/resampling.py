"""Actions of rotations and reflections on pixels: exact, or by resampling."""

import functools
from typing import Any

import numpy as np

from symclone_tf.symmetry.plane_elements import PlaneElement
from symclone_tf.types import Array

# Taps along each axis of cubic interpolation.
TAPS = 4
# Pixels that are at least this far inside the disc are compared: interpolation reaches
# two pixels.
MARGIN = 2


@functools.lru_cache(maxsize=64)
def pixel_sources(element: PlaneElement, size: tuple[int, int]) -> Array:
    """The pixel that each pixel of a transformed image comes from.

    Args:
        element: `PlaneElement` that permutes pixels.
        size: Pair of integers, height and width; equal if they are exchanged.

    Returns:
        Integer array of shape `(height·width,)`, read-only.

    Example:

    >>> half = get_group("c2").plane_elements[1]
    >>> pixel_sources(half, (2, 3)).tolist()
    [5, 4, 3, 2, 1, 0]
    """
    height, width = size
    # In doubled coordinates, the centre of an even grid is an integer too.
    rows, columns = element.matrix.T @ _grid(size)
    found: Array = (rows + height - 1) // 2 * width + (columns + width - 1) // 2
    found.setflags(write=False)
    return found


def _grid(size):
    """Doubled coordinates of all pixels about the centre, `(2, height·width)`."""
    axes = [2 * np.arange(n) - (n - 1) for n in size]
    return np.stack(np.meshgrid(*axes, indexing="ij")).reshape(2, -1)


def disc(size: tuple[int, int], margin: float = 0) -> Array:
    """The pixels within the largest disc about the centre.

    Args:
        size: Pair of integers, height and width.
        margin: Float, pixels by which the disc is smaller.

    Returns:
        Boolean array of shape `size`.

    Example:

    >>> disc((4, 4)).astype(int)
    array([[0, 1, 1, 0],
           [1, 1, 1, 1],
           [1, 1, 1, 1],
           [0, 1, 1, 0]])
    """
    distance = np.hypot(*_grid(size)) / 2
    return (distance <= min(size) / 2 - margin).reshape(size)


# At 224×224 pixels, each has 10 MB.
@functools.lru_cache(maxsize=16)
def resampling(element: PlaneElement, size: tuple[int, int]) -> tuple[Array, Array]:
    """The pixels, and their weights, that each pixel of a transformed image comes from.

    Exact elements permute all pixels. Others are interpolated between 4×4 pixels by
    cubic convolution, within the disc about the centre, and are 0 outside.

    Args:
        element: `PlaneElement`.
        size: Pair of integers, height and width.

    Returns:
        Pair of arrays of shape `(height·width, taps)`, integers and floats, with 1
        or 16 taps; read-only.

    Example:

    >>> eighth = get_group("c8").plane_elements[1]
    >>> pixels, weights = resampling(eighth, (9, 9))
    >>> pixels.shape, weights[40].round(3).max()  # the centre stays where it is
    ((81, 16), np.float64(1.0))

    Reference:

    - [Keys, 1981](https://doi.org/10.1109/TASSP.1981.1163711), with a = −1/2
    """
    if element.permutes_pixels:
        sources = pixel_sources(element, size)[:, None]
        return sources, np.ones(sources.shape)
    height, width = size
    rows, columns = element.matrix.T @ _grid(size) / 2
    rows, row_weights = _taps(rows + (height - 1) / 2, height)
    columns, column_weights = _taps(columns + (width - 1) / 2, width)
    pixels = (rows[:, :, None] * width + columns[:, None, :]).reshape(-1, TAPS**2)
    weights = (row_weights[:, :, None] * column_weights[:, None, :]).reshape(
        -1, TAPS**2
    )
    weights = weights * disc(size).reshape(-1, 1)
    pixels = pixels.astype("int32")
    for found in (pixels, weights):
        found.setflags(write=False)
    return pixels, weights


def resampling_matrix(element: PlaneElement, size: tuple[int, int]) -> Any:
    """The matrix by which an element acts on the pixels of an image.

    Args:
        element: `PlaneElement`.
        size: Pair of integers, height and width.

    Returns:
        `scipy.sparse.csr_array` of shape `(height·width, height·width)`, see
        `resampling`.

    Example:

    >>> eighth = get_group("c8").plane_elements[1]
    >>> image = np.random.default_rng(0).normal(size=(9, 9, 2))
    >>> rotated = resampling_matrix(eighth, (9, 9)) @ image.reshape(81, 2)
    >>> expected = get_group("c8").transform(image[None], 1)
    >>> np.allclose(rotated.reshape(1, 9, 9, 2), expected)
    True
    """
    from scipy.sparse import csr_array

    pixels, weights = resampling(element, size)
    count, taps = pixels.shape
    starts = np.arange(0, count * taps + 1, taps)
    return csr_array((weights.ravel(), pixels.ravel(), starts), shape=(count, count))


def _taps(positions, size):
    """The four pixels beside each position along an axis, and their weights.

    Beyond the edge, the last pixel is repeated.
    """
    first = np.floor(positions).astype(int) - 1
    pixels = first[:, None] + np.arange(TAPS)
    distance = np.abs(positions[:, None] - pixels)
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
    return np.clip(pixels, 0, size - 1), weights
