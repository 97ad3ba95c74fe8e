"""Transposed convolutions of signals, images and volumes."""

import itertools
import math
from typing import Any

import numpy as np
from keras import ops

from symclone_tf.checks import integers_along_axes, one_of
from symclone_tf.symmetry import Transformation, Translation
from symclone_tf.teachers.axes_convolution import (
    MAX_TRANSLATION,
    AxesConvTeacher,
    plain_sizes,
    short_sizes,
)
from symclone_tf.teachers.base import Teacher
from symclone_tf.types import Array, Tensor


@Teacher.register("transposed")
class TransposedConvTeacher(AxesConvTeacher):
    """A transposed convolution along one to three axes, as Keras computes it.

    It computes what `keras.layers.Conv1DTranspose`, `Conv2DTranspose` and
    `Conv3DTranspose` compute: along each axis, with strides s, dilation rate d and a
    padding b, `y[q] = Σ x[p] · ψ[v]` over all p and v with `q = s·p + d·v − b`. It is
    equivariant under translations: inputs that are translated by one pixel translate
    outputs by s.

    Args:
        shape: Integer, or tuple of up to three, the size of inputs along each axis.
        kernel_size: Integer, or tuple of as many, the size of the kernel.
        padding: String, `"valid"` or `"same"`, with which the outermost outputs are
            cut off.
        strides: Integer or tuple, outputs between the pixels of the inputs.
        output_padding: Integer or tuple, less than `strides`, outputs that are added
            at the end of each axis; `None` for as many as make `strides` outputs of
            each input with `"same"`, and at least as many with `"valid"`.
        dilation_rate: Integer or tuple, steps between the kernel's entries; must be 1
            if `strides` exceeds 1.

    Call arguments:
        inputs: Tensor of shape `(batch, *shape, channels)`.
        kernel: Tensor of shape `(*kernel_size, channels, filters)`. That of Keras'
            layers has filters before channels.

    Output shape:
        `(batch, *output_shape, filters)`.

    Raises:
        ValueError: If a size is not a positive integer, both strides and dilation
            rates exceed 1, or TensorFlow makes no outputs of this `output_padding`.

    Example:

    >>> teacher = TransposedConvTeacher((8, 8), strides=2, padding="same")
    >>> teacher.name, teacher.output_shape, teacher.rank
    ('t2-transposed-8x8-k3-same-s2', (16, 16), 9)
    >>> teacher.receptive_field_size  # an output sees two pixels along each axis
    4

    Reference:

    - [Dumoulin & Visin, 2016](https://arxiv.org/abs/1603.07285), section 4
    """

    def __init__(
        self,
        shape: int | tuple[int, ...] | list[int],
        kernel_size: int | tuple[int, ...] | list[int] = 3,
        padding: str = "valid",
        strides: int | tuple[int, ...] | list[int] = 1,
        output_padding: int | tuple[int, ...] | list[int] | None = None,
        dilation_rate: int | tuple[int, ...] | list[int] = 1,
    ) -> None:
        self.set_axes(shape, kernel_size, strides, dilation_rate)
        one_of("padding", padding, ("valid", "same"))
        self.padding = padding
        self.output_padding: tuple[int, ...] | None = None
        if output_padding is not None:
            self.output_padding = integers_along_axes(
                "output_padding", output_padding, len(self.input_shape), 0
            )
        self.output_shape = tuple(self._output_sizes())
        self._check_output_padding()
        self.positions_in = math.prod(self.input_shape)
        self.positions_out = math.prod(self.output_shape)

    def _output_sizes(self):
        """The number of outputs along each axis, as Keras counts them."""
        added = self.output_padding or (None,) * len(self.input_shape)
        for size, extent, stride, more in zip(
            self.input_shape, self.extent, self.strides, added
        ):
            if self.padding == "valid":
                more = max(stride - extent, 0) if more is None else more
                yield (size - 1) * stride + extent + more
            elif more is None:
                yield size * stride
            else:
                yield (size - 1) * stride + extent % 2 + more

    def _check_output_padding(self) -> None:
        """Refuses outputs of which the convolution would not make these inputs."""
        if self.output_padding is None:
            return
        axes = zip(
            self.input_shape,
            self.output_shape,
            self.extent,
            self.strides,
            self.output_padding,
        )
        for size, outputs, extent, stride, more in axes:
            fewer = extent - 1 if self.padding == "valid" else 0
            if more >= stride or -(-(outputs - fewer) // stride) != size:
                least = 1 - extent % 2 if self.padding == "same" else 0
                accepted = f"from {least} to {stride - 1}"
                if least >= stride:
                    accepted = "None"
                raise ValueError(
                    f'`output_padding` must be {accepted} with padding="{self.padding}"'
                    f", kernels of {extent} pixels and strides of {stride}. "
                    f"Received: output_padding={more}"
                )

    @property
    def cropping(self) -> tuple[int, ...]:
        """Tuple of integers, the outputs that are cut off at the beginning of each
        axis."""
        if self.padding == "valid":
            return (0,) * len(self.input_shape)
        axes = zip(self.input_shape, self.output_shape, self.extent, self.strides)
        return tuple(
            max((size - 1) * stride + extent - outputs, 0) // 2
            for size, outputs, extent, stride in axes
        )

    def _fields(self, axis: int) -> tuple[Array, Array]:
        """The receptive fields along an axis.

        Returns:
            Pair of integer arrays of shape `(new_size, r)`: the index of each input,
            and of the kernel's entry that it is multiplied with; −1 for none.
        """
        stride, step = self.strides[axis], self.dilation_rate[axis]
        size, entries = self.input_shape[axis], self.kernel_shape[axis]
        outputs = np.arange(self.output_shape[axis])[:, None] + self.cropping[axis]
        # Of all entries, those that are `stride` apart reach the same output.
        terms = np.arange(-(-entries // stride))
        found = outputs % stride + stride * terms
        indices = outputs // stride - step * terms
        inside = (found < entries) & (indices >= 0) & (indices < size)
        return np.where(inside, indices, -1), np.where(inside, found, -1)

    def _on_grid(self, part: int, sizes: tuple[int, ...]) -> Array:
        """Fields of all axes together: positions on a grid of the given sizes."""
        axes = len(self.input_shape)
        positions: Array = np.zeros((1,) * 2 * axes, int)
        inside: Array = np.ones((1,) * 2 * axes, bool)
        for axis, size in enumerate(sizes):
            index = self._fields(axis)[part]
            shape = [1] * 2 * axes
            shape[axis], shape[axes + axis] = index.shape
            index = index.reshape(shape)
            inside = inside & (index >= 0)
            positions = positions * size + index
        return np.where(inside, positions, -1).reshape(self.positions_out, -1)

    @property
    def receptive_fields(self) -> Array:
        """Integer array of shape `(positions_out, r)`: the input positions that reach
        each output, −1 where there are fewer."""
        return self._on_grid(0, self.input_shape)

    @property
    def field_entries(self) -> Array:
        """Integer array of shape `(positions_out, r)`: the kernel's entry that each
        position of a receptive field is multiplied with, −1 where there are fewer."""
        return self._on_grid(1, self.kernel_shape)

    @property
    def receptive_field_size(self) -> int:
        pairs = zip(self.kernel_shape, self.strides)
        return math.prod(-(-entries // stride) for entries, stride in pairs)

    @property
    def entry_gain(self) -> Array:
        gain: Array = np.ones(())
        for axis, entries in enumerate(self.kernel_shape):
            found = self._fields(axis)[1]
            counts = np.bincount(found[found >= 0], minlength=entries)
            # What reaches no output may have any gain but 0, which is divided by.
            share = np.maximum(counts, 1) / self.output_shape[axis]
            gain = np.multiply.outer(gain, share)
        return gain

    @property
    def border(self) -> int:
        axes = zip(
            self.input_shape,
            self.output_shape,
            self.extent,
            self.strides,
            self.cropping,
        )
        # What pixels before the first, and after the last, would reach.
        return max(
            max(0, extent - stride - cut, outputs + cut - size * stride)
            for size, outputs, extent, stride, cut in axes
        )

    @property
    def name(self) -> str:  # type: ignore[override]  # read-only
        """The name that artifacts of its students start with."""
        name = self.name_of(f"t{len(self.input_shape)}-transposed")
        more = self.output_padding
        return name if more is None else f"{name}-o{short_sizes(more)}"

    @property
    def title(self) -> str:  # type: ignore[override]  # read-only
        """The layer in a few words, as tables and progress bars show it."""
        kind = f"T({len(self.input_shape)}) transposed"
        return self.title_of(kind, ("·", self.dilation_rate), ("↑", self.strides))

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        if max(self.dilation_rate) > 1:
            return self._as_dilated_convolution(inputs, kernel)
        return ops.conv_transpose(
            inputs,
            ops.swapaxes(kernel, -1, -2),
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            data_format="channels_last",
        )

    def _as_dilated_convolution(self, inputs, kernel):
        """A convolution with the kernel turned by half a turn.

        TensorFlow 2.21 has no dilated transposed convolution for CPUs on which it does
        not compute with oneDNN; without strides this is the same.
        """
        axes = zip(self.input_shape, self.output_shape, self.extent, self.cropping)
        padding = [
            (extent - 1 - cut, outputs + cut - size)
            for size, outputs, extent, cut in axes
        ]
        return ops.conv(
            ops.pad(inputs, [(0, 0), *padding, (0, 0)]),
            ops.flip(kernel, tuple(range(len(padding)))),
            padding="valid",
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        )

    def transformations(self) -> list[Transformation]:
        # The smallest outputs do not overlap with their translations.
        left = (size - 2 * self.border for size in self.output_shape)
        if any(size <= stride for size, stride in zip(left, self.strides)):
            return []
        return self._translations(MAX_TRANSLATION[len(self.input_shape)], self.border)

    def training_transformations(self) -> list[Transformation]:
        largest = MAX_TRANSLATION[len(self.input_shape)]
        return self._translations(min(largest, min(self.input_shape) - 1))

    def _translations(self, largest: int, border: int = 0) -> list[Transformation]:
        steps = range(-largest, largest + 1)
        offsets = itertools.product(steps, repeat=len(self.input_shape))
        return [
            Translation(offset, border, upsampling=self.strides)
            for offset in offsets
            if any(offset)
        ]

    def get_config(self) -> dict[str, Any]:
        more = self.output_padding
        return {
            **super().get_config(),
            "output_padding": None if more is None else plain_sizes(more),
        }
