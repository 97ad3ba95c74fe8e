"""Regions of an output plane, and the inputs that each of them depends on.

Along each axis the outputs are divided into intervals as equal as possible; regions are
the intervals of a signal, rectangles of an image, and boxes of a volume.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from symclone_tf.backends import backend
from symclone_tf.checks import integer_of, integers_along_axes, several
from symclone_tf.teachers import SlidingWindow, Teacher
from symclone_tf.types import Array, Tensor

# Start and stop along one axis, integers or, of inputs of unknown size, tensors.
Interval = tuple[Any, Any]


def intervals(count: Any, regions: int) -> list[Interval]:
    """Divides positions along an axis into intervals as equal as possible.

    They are the same counted from either end, as far as their number allows, so that
    reflections and rotations map regions to regions. Some are empty if there are fewer
    positions than intervals.

    Args:
        count: Integer, or integer tensor, the number of positions.
        regions: Integer, the number of intervals.

    Returns:
        List of pairs of start and stop.

    Example:

    >>> intervals(10, regions=4)
    [(0, 2), (2, 5), (5, 8), (8, 10)]
    >>> intervals(2, regions=4)
    [(0, 0), (0, 1), (1, 2), (2, 2)]
    """
    # k·count/regions, rounded; halves are rounded away from the middle.
    lower = [
        (2 * count * k + regions - 1) // (2 * regions) for k in range(regions // 2 + 1)
    ]
    upper = [count - edge for edge in lower[: (regions + 1) // 2]]
    edges = [*lower, *upper[::-1]]
    return list(itertools.pairwise(edges))


@functools.lru_cache(maxsize=64)
def region_numbers(shape: tuple[int, ...], regions: tuple[int, ...]) -> Array:
    """The region of each position.

    Args:
        shape: Tuple of integers, the number of positions along each axis.
        regions: Tuple of integers, the number of intervals along each axis.

    Returns:
        Integer array of shape `(positions,)`.

    Example:

    >>> region_numbers((2, 4), (1, 2))
    array([0, 0, 1, 1, 0, 0, 1, 1])
    """
    numbers: Array = np.zeros((), int)
    for count, number in zip(shape, regions):
        sizes = [stop - start for start, stop in intervals(count, number)]
        along = np.repeat(np.arange(number), sizes)
        numbers = numbers[..., None] * number + along
    return numbers.ravel()


def check_regions(teacher: Teacher, regions: Any) -> tuple[int, ...]:
    """Checks numbers of regions.

    Args:
        teacher: `Teacher`, a convolution.
        regions: Integer, or one for each axis of its positions.

    Returns:
        Tuple of integers, one for each axis.

    Raises:
        ValueError: If there are others, or more than outputs along an axis.
    """
    counts = plane_of(teacher)
    found = integers_along_axes("regions", regions, len(counts))
    if any(number > count for number, count in zip(found, counts)):
        raise ValueError(
            f"`regions` must not exceed the {'×'.join(map(str, counts))} positions of "
            f"the outputs of {teacher.title}. Received: regions={regions}"
        )
    return found


def regions_within(teacher: Teacher, regions: Any) -> tuple[int, ...]:
    """Numbers of regions, at most as many as a teacher has outputs.

    Args:
        teacher: `Teacher`, a convolution.
        regions: See `check_regions`.

    Returns:
        Tuple of integers, one for each axis.

    Raises:
        ValueError: If there are others.

    Example:

    >>> regions_within(ConvTeacher("t2", image_size=(8, 5)), 4)
    (4, 3)
    """
    counts = plane_of(teacher)
    wanted = integers_along_axes("regions", regions, len(counts))
    return tuple(min(pair) for pair in zip(wanted, counts))


def check_regions_option(
    regions: Any, student: str | None
) -> int | tuple[int, ...] | None:
    """Checks regions before it is known what they are regions of.

    Args:
        regions: Integer, or one for each axis; `None` for none.
        student: String, the registered name of a kind of students; `None` if it is to
            be chosen.

    Returns:
        Integer, tuple or `None`, as given, of Python's integers.

    Raises:
        ValueError: If one is not a positive integer, or students of this kind have no
            regions.
    """
    if regions is None:
        return None
    each = tuple(map(integer_of, regions if several(regions) else [regions]))
    found = tuple(number for number in each if number is not None and number > 0)
    if not found or len(found) < len(each):
        raise ValueError(
            "`regions` must be a positive integer, or one for each axis, as (2, 3) of "
            f"images. Received: regions={regions}"
        )
    if student not in (None, "regional"):
        raise ValueError(
            "`regions` are those of `student` regional. "
            f"Received: regions={regions}, student={student}"
        )
    return found if several(regions) else found[0]


def plane_of(teacher: Teacher) -> tuple[int, ...]:
    """The number of output positions of a convolution along each axis."""
    return teacher.output_shape[: len(teacher.windows or ())]


def fields_of(
    window: SlidingWindow, outputs: Sequence[Interval]
) -> list[tuple[Any, Any]]:
    """The padded inputs along an axis that intervals of outputs depend on.

    Args:
        window: `SlidingWindow`.
        outputs: Sequence of pairs of start and stop.

    Returns:
        List of pairs of start and stop.
    """
    return [
        (start * window.stride, (stop - 1) * window.stride + window.extent)
        for start, stop in outputs
    ]


class Part(NamedTuple):
    """What a region along one axis is computed from.

    Attributes:
        region: Integer, its number along the axis.
        inputs: Pair of start and stop, the padded inputs.
        outputs: Integer tensor, how many of their outputs are the region's; `None` for
            all of them.
    """

    region: int
    inputs: Interval
    outputs: Any = None


def parts_along(window: SlidingWindow, size: Any, regions: int) -> list[Part]:
    """What the regions along an axis are computed from.

    No part is empty, since TensorFlow 2.21's convolution by oneDNN has values that are
    none where it has no outputs. Where the size is known, only regions that have
    outputs have a part. Where it is not, all of them have one, of one output at least,
    of which a region that is empty then takes none.

    Args:
        window: `SlidingWindow`.
        size: Integer, or integer tensor, the number of inputs.
        regions: Integer, the number of intervals.

    Returns:
        List of `Part`.

    Example:

    >>> [part.inputs for part in parts_along(SlidingWindow(3), 6, regions=2)]
    [(0, 4), (2, 6)]
    >>> [part.region for part in parts_along(SlidingWindow(3), 4, regions=4)]
    [1, 2]
    """
    count = window.outputs(size)
    spans = intervals(count, regions)
    if isinstance(count, int):
        numbers = [number for number, (start, stop) in enumerate(spans) if stop > start]
        fields = fields_of(window, [spans[number] for number in numbers])
        return [Part(*each) for each in zip(numbers, fields)]
    if regions == 1:
        return [Part(0, fields_of(window, spans)[0])]
    starts = [ops.minimum(start, ops.maximum(count - 1, 0)) for start, _ in spans]
    stops = [ops.maximum(stop, s + 1) for s, (_, stop) in zip(starts, spans)]
    fields = fields_of(window, list(zip(starts, stops)))
    outputs = [stop - start for start, stop in spans]
    return [Part(*each) for each in zip(range(regions), fields, outputs)]


def at_positions(
    weights: Tensor, shape: tuple[int, ...], regions: tuple[int, ...]
) -> Tensor:
    """The weights of the region of each position.

    Args:
        weights: Tensor of shape `(regions, r, blocks)`.
        shape: Tuple of integers, the number of positions along each axis.
        regions: Tuple of integers, the number of intervals along each axis.

    Returns:
        Tensor of shape `(positions, r, blocks)`.
    """
    numbers, count = region_numbers(shape, regions), weights.shape[0]

    @backend().custom_gradient
    def gathered(weights):
        def gradient(upstream):
            # TensorFlow's own is sparse, with an entry for each position.
            return ops.segment_sum(upstream, numbers, count)

        return ops.take(weights, numbers, axis=0), gradient

    return gathered(weights)
