"""Translations by whole pixels, along any number of axes."""

import math
from collections.abc import Sequence

import numpy as np

from symclone_tf.types import Array, ArrayLike


def translated(inputs: ArrayLike, offset: Sequence[int]) -> Array:
    """Translates a batch by whole pixels, filling with zeros.

    Args:
        inputs: Array of shape `(batch, *pixels, ...)`.
        offset: Sequence of integers, pixels along each of the axes after the batch:
            for images, down and to the right.

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
    outputs = np.zeros_like(inputs)
    source, target = overlap(offset, inputs.shape[1:])
    outputs[target] = inputs[source]
    return outputs


def overlap(
    offset: Sequence[int], sizes: Sequence[int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Slices of a batch that a translation copies from, and those that it copies to.

    Args:
        offset: Sequence of integers, pixels along each axis.
        sizes: Sequence of integers, of the axes after the batch.

    Returns:
        Pair of tuples of slices, the batch's included.
    """
    # Clipped at zero: a negative index would count from the other end.
    source = (slice(max(0, -s), max(0, n - max(0, s))) for s, n in zip(offset, sizes))
    target = (slice(max(0, s), max(0, n - max(0, -s))) for s, n in zip(offset, sizes))
    return (slice(None), *source), (slice(None), *target)


def edge_padded_sources(offset: Sequence[int], shape: Sequence[int]) -> Array:
    """The position that each entry comes from when edges are repeated, not zeros.

    Args:
        offset: Sequence of integers, pixels along each axis.
        shape: Sequence of integers, pixels of the axes.

    Returns:
        Integer array of shape `(prod(shape),)`, flat positions.
    """
    axes = [(np.arange(n) - step).clip(0, n - 1) for n, step in zip(shape, offset)]
    positions = np.arange(math.prod(shape)).reshape(*shape)
    return positions[np.ix_(*axes)].reshape(-1)
