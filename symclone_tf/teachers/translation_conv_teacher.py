"""Convolutions of signals, images and volumes, equivariant under translations alone."""

import itertools
import math

from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.symmetry import Transformation, Translation
from symclone_tf.teachers.axes_convolution import (
    MAX_TRANSLATION,
    AxesConvTeacher,
)
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.convolution import channel_groups_of, convolve
from symclone_tf.teachers.sliding_windows import (
    SlidingWindow,
    border_on,
    receptive_fields_on,
)
from symclone_tf.types import Array, Tensor


@Teacher.register("translations")
class TranslationConvTeacher(AxesConvTeacher):
    """A convolution along one to three axes, as Keras computes it.

    It computes what `keras.layers.Conv1D`, `Conv2D` and `Conv3D` compute, equivariant
    under the translations T(1) to T(3). Convolutions of images that are equivariant
    under rotations too are those of `ConvTeacher`.

    Args:
        shape: Integer, or tuple of up to three, the size of inputs along each axis.
        kernel_size: Integer, or tuple of as many, the size of the kernel.
        padding: String, `"valid"`, `"same"` or, along one axis, `"causal"`, with which
            an output depends on no later input.
        strides: Integer or tuple, steps between receptive fields.
        dilation_rate: Integer or tuple, steps between the kernel's entries; must be 1
            if `strides` exceeds 1.

    Call arguments:
        inputs: Tensor of shape `(batch, *shape, channels)`.
        kernel: Tensor of shape `(*kernel_size, channels, filters)`. If it has a
            fraction of the inputs' channels, these are convolved in groups.

    Output shape:
        `(batch, *output_shape, filters)`.

    Raises:
        ValueError: If a size is not a positive integer, the kernel does not fit into
            the input, or both strides and dilation rates exceed 1.

    Example:

    >>> teacher = TranslationConvTeacher(16, padding="causal", dilation_rate=2)
    >>> teacher.name, teacher.output_shape
    ('t1-16-k3-causal-d2', (16,))
    >>> TranslationConvTeacher((6, 6, 6)).positions_out
    64
    """

    def __init__(
        self,
        shape: int | tuple[int, ...] | list[int],
        kernel_size: int | tuple[int, ...] | list[int] = 3,
        padding: str = "valid",
        strides: int | tuple[int, ...] | list[int] = 1,
        dilation_rate: int | tuple[int, ...] | list[int] = 1,
    ) -> None:
        self.set_axes(shape, kernel_size, strides, dilation_rate)
        paddings = ("valid", "same", "causal")
        one_of("padding", padding, paddings[: 3 if len(self.input_shape) == 1 else 2])
        self.padding = padding
        self._check_fit()
        self.output_shape = tuple(
            window.outputs(size) for window, size in zip(self.windows, self.input_shape)
        )
        self.positions_in = math.prod(self.input_shape)
        self.positions_out = math.prod(self.output_shape)

    @property
    def windows(self) -> tuple[SlidingWindow, ...]:
        axes = zip(self.kernel_shape, self.strides, self.dilation_rate)
        return tuple(SlidingWindow(*options, self.padding) for options in axes)

    def resized(self, sizes: tuple[int, ...]) -> "TranslationConvTeacher":
        return TranslationConvTeacher(**{**self.get_config(), "shape": tuple(sizes)})

    def _check_fit(self) -> None:
        for size, extent in zip(self.input_shape, self.extent):
            if self.padding == "valid" and extent > size:
                raise ValueError(
                    "`kernel_size` must not exceed `shape`, including dilation. "
                    f"Received: receptive fields of size {extent}, shape={size}"
                )

    @property
    def receptive_fields(self) -> Array:
        """Integer array of shape `(positions_out, r)`: the input positions under the
        kernel, −1 for padding."""
        return receptive_fields_on(self.windows, self.input_shape)

    @property
    def receptive_field_size(self) -> int:
        return self.kernel_entries

    @property
    def border(self) -> int:
        return border_on(self.windows, self.input_shape)

    @property
    def name(self) -> str:  # type: ignore[override]  # read-only
        """The name that artifacts of its students start with."""
        return self.name_of(f"t{len(self.input_shape)}")

    @property
    def title(self) -> str:  # type: ignore[override]  # read-only
        """The layer in a few words, as tables and progress bars show it."""
        kind = f"T({len(self.input_shape)})"
        return self.title_of(kind, ("/", self.strides), ("·", self.dilation_rate))

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        padding = self.padding
        if padding == "causal":
            padding = "valid"
            inputs = ops.pad(inputs, ((0, 0), (self.extent[0] - 1, 0), (0, 0)))
        groups = channel_groups_of(inputs.shape[-1], *kernel.shape[-2:])
        return convolve(
            inputs, kernel, self.strides, padding, self.dilation_rate, groups
        )

    def transformations(self) -> list[Transformation]:
        # The smallest outputs do not overlap with their translations.
        if min(self.output_shape) - 2 * self.border < 2:
            return []
        return self._translations(MAX_TRANSLATION[len(self.output_shape)], self.border)

    def training_transformations(self) -> list[Transformation]:
        largest = MAX_TRANSLATION[len(self.output_shape)]
        return self._translations(min(largest, min(self.output_shape) - 1))

    def _translations(self, largest: int, border: int = 0) -> list[Transformation]:
        steps = range(-largest, largest + 1)
        offsets = itertools.product(steps, repeat=len(self.output_shape))
        return [Translation(o, border, self.strides) for o in offsets if any(o)]
