"""Parts of images that overlap, cut out, and put together.

A convolution of each region of its outputs takes overlapping parts of its inputs.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from symclone_tf.students.regions import Interval
from symclone_tf.types import Tensor


def cut(
    images: Tensor, spans: Sequence[Sequence[Interval]], overlaps: Sequence[int]
) -> list[Tensor]:
    """Cuts overlapping parts of images, whose gradients are stitched together.

    Args:
        images: Tensor of shape `(batch, *sizes, channels)`.
        spans: Sequence, for each axis the starts and stops of its parts.
        overlaps: Sequence of integers, for each axis how far a part reaches into the
            next one; negative if positions between them are in none.

    Returns:
        List of tensors, one for each combination of parts; those of the last axis
        follow one another.
    """

    def parts(images):
        slices = ([slice(*span) for span in along] for along in spans)
        every = itertools.product([slice(None)], *slices)
        return [images[index] for index in every]

    @tf.custom_gradient
    def cut_parts(images):
        sizes = ops.shape(images)[1:-1]

        def gradient(*upstream):
            # TensorFlow's own would pad each part to the size of the images, which
            # takes a pass over all of them for each part.
            return stitched(upstream, spans, overlaps, sizes)

        return parts(images), gradient

    return cut_parts(images)


def stitched(
    parts: Sequence[Tensor],
    spans: Sequence[Sequence[Interval]],
    overlaps: Sequence[int],
    sizes: Sequence[Any],
) -> Tensor:
    """The sum of parts at their places, the adjoint of `cut`.

    Args:
        parts: Sequence of tensors, as `cut` returns them.
        spans: Sequence, as `cut` takes it.
        overlaps: Sequence of integers, likewise.
        sizes: Sequence of integers, or tensors, of the images along each axis.

    Returns:
        Tensor of shape `(batch, *sizes, channels)`.
    """
    for axis in reversed(range(len(spans))):
        count = len(spans[axis])
        rest = sizes[axis] - spans[axis][-1][1]
        parts = [
            _stitched_along(parts[i : i + count], overlaps[axis], rest, axis + 1)
            for i in range(0, len(parts), count)
        ]
    return parts[0]


def _stitched_along(parts, overlap, rest, axis):
    """The sum of parts at their places along one axis, with zeros for the rest."""
    pieces = list(parts)
    if overlap < 0:
        pieces = [_zeros_after(part, -overlap, axis) for part in parts[:-1]]
        pieces.append(parts[-1])
    elif overlap > 0:
        pieces = _overlapped(parts, overlap, axis)
    if not isinstance(rest, int) or rest:
        pieces[-1] = _zeros_after(pieces[-1], rest, axis)
    return pieces[0] if len(pieces) == 1 else ops.concatenate(pieces, axis=axis)


def _overlapped(parts, overlap, axis) -> list[Tensor]:
    """The pieces of a sum of parts, each of which begins where the last one's end is
    still to come."""
    first, *others = parts
    pieces, end = [], first
    for part in others:
        head = ops.add(
            _along(end, axis, -overlap, None), _along(part, axis, None, overlap)
        )
        pieces.append(_along(end, axis, None, -overlap))
        length = part.shape[axis]
        if length is not None and length >= 2 * overlap:
            # Its own end is beyond the last one's: the head needs no copy.
            pieces.append(head)
            end = _along(part, axis, overlap, None)
        else:
            end = ops.concatenate([head, _along(part, axis, overlap, None)], axis=axis)
    return [*pieces, end]


def _along(part, axis, start, stop):
    return part[(slice(None),) * axis + (slice(start, stop),)]


def _zeros_after(part, count, axis):
    padding = [(0, 0)] * len(part.shape)
    padding[axis] = (0, count)
    return ops.pad(part, padding)


def joined(parts: Sequence[Tensor], regions: Sequence[int]) -> Tensor:
    """Puts the outputs of all regions side by side.

    Args:
        parts: Sequence of tensors of shape `(batch, *sizes, channels)`, one for each
            region.
        regions: Sequence of integers, the number of regions along each axis.

    Returns:
        Tensor of shape `(batch, *sizes, channels)`.
    """
    for axis in reversed(range(len(regions))):
        count = regions[axis]
        if count > 1:
            parts = [
                ops.concatenate(parts[i : i + count], axis=axis + 1)
                for i in range(0, len(parts), count)
            ]
    return parts[0]
