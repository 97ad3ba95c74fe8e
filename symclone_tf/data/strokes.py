"""Drawn strokes, for where MNIST's digits are missing."""

import itertools

import numpy as np

# Corners of polylines on the unit square, down and to the right.
_LINES = (
    ((0.25, 0.3), (0.25, 0.7), (0.75, 0.45)),
    ((0.25, 0.35), (0.75, 0.35), (0.75, 0.65)),
    ((0.3, 0.35), (0.25, 0.6), (0.45, 0.65), (0.75, 0.35), (0.75, 0.65)),
    ((0.25, 0.55), (0.55, 0.3), (0.55, 0.7), (0.55, 0.55), (0.4, 0.55), (0.75, 0.55)),
    ((0.25, 0.65), (0.3, 0.4), (0.5, 0.45), (0.6, 0.62), (0.75, 0.35)),
)


def draw_strokes(size: int = 28, width: float = 0.045) -> np.ndarray:
    """Draws five figures of straight strokes that no symmetry maps to themselves.

    Args:
        size: Integer, height and width in pixels.
        width: Float, the width of the pen relative to the image.

    Returns:
        Array of shape `(5, size, size)`, from 0 to 1.

    Example:

    >>> draw_strokes(28).shape
    (5, 28, 28)
    """
    centres = (np.arange(size) + 0.5) / size
    pixels = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1)
    images = []
    for line in _LINES:
        distances = [_distance(pixels, a, b) for a, b in itertools.pairwise(line)]
        images.append(np.exp(-((np.min(distances, axis=0) / width) ** 4)))
    return np.array(images, "float32")


def _distance(
    points: np.ndarray, start: tuple[float, float], end: tuple[float, float]
) -> np.ndarray:
    """The distances of points from a segment."""
    origin, along = np.array(start), np.subtract(end, start)
    share = np.clip((points - origin) @ along / (along @ along), 0, 1)
    return np.linalg.norm(points - origin - share[..., None] * along, axis=-1)
