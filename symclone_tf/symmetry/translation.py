"""Shifts by whole pixels: what moves where, along any number of axes."""

import math

import numpy as np


def translated(inputs, shift) -> np.ndarray:
    """A batch moved down and to the right by whole pixels, zeros moving in; along as
    many axes as the shift has.

    Args:
        inputs: Array of shape `(batch, *pixels, ...)`.
        shift: Tuple of integers, pixels along each of the axes after the batch.

    Returns:
        Array of the same shape.

    Example:

    >>> images = np.arange(1, 10).reshape(1, 3, 3, 1)
    >>> translated(images, (1, -1))[0, :, :, 0]
    array([[0, 0, 0],
           [2, 3, 0],
           [5, 6, 0]])
    """
    inputs = np.asarray(inputs)
    moved = np.zeros_like(inputs)
    source, target = windows(shift, inputs.shape[1:])
    moved[target] = inputs[source]
    return moved


def windows(shift, sizes):
    """Source and target of a shift, as indices of batches."""
    # Not below zero, which would count from the other end.
    source = (slice(max(0, -s), max(0, n - max(0, s))) for s, n in zip(shift, sizes))
    target = (slice(max(0, s), max(0, n - max(0, -s))) for s, n in zip(shift, sizes))
    return (slice(None), *source), (slice(None), *target)


def edges_go_on(by, shape):
    """Positions that a shift takes entries from, those of the edge for what is new."""
    lines = [np.arange(n) - step for n, step in zip(shape, by)]
    lines = [line.clip(0, n - 1) for line, n in zip(lines, shape)]
    positions = np.arange(math.prod(shape)).reshape(*shape)
    return positions[np.ix_(*lines)].reshape(-1)
