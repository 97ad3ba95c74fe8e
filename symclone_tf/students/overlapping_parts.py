"""Parts of images that overlap, cut out, and put together.

A convolution of each region of its outputs takes overlapping parts of its inputs.
"""

import itertools
from collections.abc import Sequence
from typing import Any

from keras import ops

from symclone_tf.backends import backend
from symclone_tf.students.regions import Interval
from symclone_tf.types import Tensor


def padded(images: Tensor, padding: Sequence[tuple[Any, Any]]) -> Tensor:
    """Images with zeros around them.

    Args:
        images: Tensor of shape `(batch, *sizes, channels)`.
        padding: Sequence, for each axis a pair of integers, or tensors.

    Returns:
        Tensor of shape `(batch, *sizes, channels)`.
    """
    channels = images.shape[-1]
    images = ops.pad(images, ((0, 0), *padding, (0, 0)))
    if all(isinstance(zeros, int) for pair in padding for zeros in pair):
        return images
    # LiteRT loses the channels where padding is not known, and then cannot convolve.
    return ops.reshape(images, (*ops.shape(images)[:-1], channels))


def cut(
    images: Tensor, spans: Sequence[Sequence[Interval]], overlaps: Sequence[int]
) -> list[Tensor]:
    """Cuts overlapping parts of images, whose gradients are stitched together.

    Args:
        images: Tensor of shape `(batch, *sizes, channels)`.
        spans: Sequence, for each axis the starts and stops of its parts, none of which
            begins or ends before the one before it; the first begins at 0.
        overlaps: Sequence of integers, for each axis how far a part reaches into the
            next one, at least; negative if positions between them are in none.

    Returns:
        List of tensors, one for each combination of parts; those of the last axis
        follow one another.
    """

    def parts(images):
        slices = ([slice(*span) for span in along] for along in spans)
        every = itertools.product([slice(None)], *slices)
        return [images[index] for index in every]

    if any(map(_may_have_gaps, spans, overlaps)):
        return parts(images)

    @backend().custom_gradient
    def cut_parts(images):
        sizes = ops.shape(images)[1:-1]

        def gradient(*upstream):
            # TensorFlow's own would pad each part to the size of the images, which
            # takes a pass over all of them for each part.
            return stitched(upstream, spans, sizes)

        return parts(images), gradient

    return cut_parts(images)


def _may_have_gaps(spans, overlap) -> bool:
    """Whether it is not known which parts have positions between them."""
    return overlap < 0 and not isinstance(spans[-1][1], int)


def stitched(
    parts: Sequence[Tensor],
    spans: Sequence[Sequence[Interval]],
    sizes: Sequence[Any],
) -> Tensor:
    """The sum of parts at their places, the adjoint of `cut`.

    Args:
        parts: Sequence of tensors, as `cut` returns them.
        spans: Sequence, as `cut` takes it; along axes with positions that are in no
            part, of integers.
        sizes: Sequence of integers, or tensors, of the images along each axis.

    Returns:
        Tensor of shape `(batch, *sizes, channels)`.
    """
    for axis in reversed(range(len(spans))):
        count = len(spans[axis])
        parts = [
            _stitched_along(parts[i : i + count], spans[axis], sizes[axis], axis + 1)
            for i in range(0, len(parts), count)
        ]
    return parts[0]


def _stitched_along(parts, spans, size, axis):
    """The sum of parts at their places along one axis, with zeros for the rest."""
    # What is still to be added to, and where it begins.
    (end, *others), (begin, _) = parts, spans[0]
    pieces = []
    for part, (_, before), (start, stop) in zip(others, spans, spans[1:]):
        overlap = before - start
        is_known = isinstance(overlap, int)
        if is_known and overlap <= 0:
            pieces.append(_zeros_after(end, -overlap, axis))
            end, begin = part, start
            continue
        tail = _along(end, axis, start - begin, None)
        head = ops.add(tail, _along(part, axis, None, overlap))
        pieces.append(_along(end, axis, None, start - begin))
        end, begin = _along(part, axis, overlap, None), before
        if is_known and stop - start >= 2 * overlap:
            # The next part begins after the head, which needs no copy.
            pieces.append(head)
        else:
            end, begin = ops.concatenate([head, end], axis=axis), start
    pieces.append(_zeros_after(end, size - spans[-1][1], axis))
    return pieces[0] if len(pieces) == 1 else ops.concatenate(pieces, axis=axis)


def _along(part, axis, start, stop):
    return part[(slice(None),) * axis + (slice(start, stop),)]


def _zeros_after(part, count, axis):
    if isinstance(count, int) and count == 0:
        return part
    padding = [(0, 0)] * len(part.shape)
    padding[axis] = (0, count)
    return ops.pad(part, padding)


def joined(parts: Sequence[Tensor], counts: Sequence[Sequence[Any]]) -> Tensor:
    """Puts the outputs of all parts side by side.

    Args:
        parts: Sequence of tensors of shape `(batch, *sizes, channels)`, one for each
            combination of parts along the axes.
        counts: Sequence, for each axis how many of the first outputs of its parts
            belong to the whole, `None` for all.

    Returns:
        Tensor of shape `(batch, *sizes, channels)`.
    """
    parts = list(map(_first, parts, itertools.product(*counts)))
    for axis in reversed(range(len(counts))):
        count = len(counts[axis])
        if count > 1:
            parts = [
                ops.concatenate(parts[i : i + count], axis=axis + 1)
                for i in range(0, len(parts), count)
            ]
    return parts[0]


def _first(part, counts):
    if all(count is None for count in counts):
        return part
    firsts = (slice(None), *map(slice, counts))
    return part[firsts]
