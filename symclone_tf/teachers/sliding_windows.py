"""How the receptive fields of a convolution follow one another along an axis."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from symclone_tf.types import Array

# Largest difference of the sizes that `centred_sizes` finds.
MAX_SIZE_DIFFERENCE = 64


@dataclasses.dataclass(frozen=True)
class SlidingWindow:
    """The receptive fields of a convolution along one axis, for inputs of any size.

    Attributes:
        size: Integer, entries of the kernel along the axis.
        stride: Integer, steps between receptive fields.
        dilation_rate: Integer, steps between the kernel's entries.
        padding: String, `"valid"`, `"same"` as TensorFlow pads, or `"causal"`.

    Example:

    >>> window = SlidingWindow(size=3, stride=2, padding="same")
    >>> window.outputs(8), window.padding_of(8)
    (4, (0, 1))
    """

    size: int
    stride: int = 1
    dilation_rate: int = 1
    padding: str = "valid"

    @property
    def extent(self) -> int:
        """Integer, the positions that the kernel spans, including those that dilation
        leaves out."""
        return (self.size - 1) * self.dilation_rate + 1

    def outputs(self, count: Any) -> Any:
        """The number of outputs along the axis.

        Args:
            count: Integer, or integer tensor, the number of inputs.

        Returns:
            Integer, or tensor. It is not positive if the kernel does not fit.
        """
        # Of numbers that are not negative where there are outputs: ONNX's division
        # rounds towards zero.
        if self.padding == "valid":
            return (count - self.extent + self.stride) // self.stride
        return (count + self.stride - 1) // self.stride

    def padding_of(self, count: Any) -> tuple[Any, Any]:
        """The zeros before and after the inputs.

        Args:
            count: Integer, or integer tensor, the number of inputs.

        Returns:
            Pair of integers, or tensors.
        """
        if self.padding == "valid":
            return 0, 0
        if self.padding == "causal":
            return self.extent - 1, 0
        if self.stride == 1:
            zeros = self.extent - 1
        else:
            end = (self.outputs(count) - 1) * self.stride + self.extent
            missing = end - count
            is_known = isinstance(missing, int)
            zeros = max(missing, 0) if is_known else ops.maximum(missing, 0)
        return zeros // 2, zeros - zeros // 2

    def fields(self, count: int) -> Array:
        """The positions of all receptive fields along the axis.

        Args:
            count: Integer, the number of inputs.

        Returns:
            Integer array of shape `(outputs, size)`. Positions of padding are negative
            or beyond the inputs.
        """
        starts = self.stride * np.arange(self.outputs(count))
        within = self.dilation_rate * np.arange(self.size)
        return starts[:, None] + within - self.padding_of(count)[0]

    def is_centred(self, count: int) -> bool:
        """Whether receptive fields are centred along the axis, so that its reflection
        maps them onto each other.

        Args:
            count: Integer, the number of inputs.
        """
        if count < self.extent:
            return False
        before, _ = self.padding_of(count)
        last = (self.outputs(count) - 1) * self.stride + self.extent
        return last - count == 2 * before

    def centred_sizes(self, count: int) -> list[int]:
        """The nearest numbers of inputs for which receptive fields are centred.

        Args:
            count: Integer, another number of inputs.

        Returns:
            Sorted list of two integers, or fewer where there are none near.
        """
        steps = range(1, MAX_SIZE_DIFFERENCE)
        differences = itertools.chain.from_iterable((-step, step) for step in steps)
        sizes = (count + difference for difference in differences)
        return sorted(itertools.islice(filter(self.is_centred, sizes), 2))


def receptive_fields_on(
    windows: Sequence[SlidingWindow], sizes: Sequence[int]
) -> Array:
    """The receptive fields of a convolution along all axes.

    Args:
        windows: Sequence of `SlidingWindow`, one for each axis.
        sizes: Sequence of integers, the number of inputs along each axis.

    Returns:
        Integer array of shape `(positions_out, r)`: the input positions under the
        kernel, row by row, −1 for padding.

    Example:

    >>> receptive_fields_on([SlidingWindow(2), SlidingWindow(1)], (3, 2)).tolist()
    [[0, 2], [1, 3], [2, 4], [3, 5]]
    """
    axes = len(sizes)
    positions: Array = np.zeros((1,) * 2 * axes, int)
    inside: Array = np.ones((1,) * 2 * axes, bool)
    for axis, (window, size) in enumerate(zip(windows, sizes)):
        index = window.fields(size)
        shape = [1] * 2 * axes
        shape[axis], shape[axes + axis] = index.shape
        index = index.reshape(shape)
        inside = inside & (index >= 0) & (index < size)
        positions = positions * size + index
    entries = np.prod([window.size for window in windows], dtype=int)
    return np.where(inside, positions, -1).reshape(-1, entries)


def border_on(windows: Sequence[SlidingWindow], sizes: Sequence[int]) -> int:
    """How many outputs at each edge depend on padding, at most.

    Args:
        windows: Sequence of `SlidingWindow`, one for each axis.
        sizes: Sequence of integers, the number of inputs along each axis.

    Returns:
        Integer.

    Example:

    >>> border_on([SlidingWindow(5, padding="same")], (9,))
    2
    """
    fields = [window.fields(size) for window, size in zip(windows, sizes)]
    outside = [
        max((index[:, 0] < 0).sum(), (index[:, -1] >= size).sum())
        for index, size in zip(fields, sizes)
    ]
    return int(max(outside))
