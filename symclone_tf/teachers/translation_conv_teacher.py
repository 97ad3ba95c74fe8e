"""Convolutions of signals and of volumes, equivariant under shifts alone."""

import itertools
import math

import numpy as np
from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.symmetry import Translation
from symclone_tf.teachers.base import Teacher

# How far inputs are shifted along one axis, or along each of several.
MOST_TRANSLATION = {1: 4, 2: 2, 3: 1}


@Teacher.register("translations")
class TranslationConvTeacher(Teacher):
    """A convolution along one to three axes, as Keras' own.

    What `keras.layers.Conv1D`, `Conv2D` and `Conv3D` compute, and equivariant under
    shifts, T(1) to T(3). `ConvTeacher` has those of two axes whose group may turn too.

    Args:
        shape: Integer, or tuple of up to three: the size of inputs along each axis.
        kernel_size: Integer or tuple, likewise.
        padding: String, `"valid"`, `"same"` or, along one axis, `"causal"`, by which
            an output sees no later input.
        strides: Integer or tuple, the steps of the windows.
        dilation_rate: Integer or tuple, the steps within a window; 1 with strides.

    Call arguments:
        inputs: Tensor of shape `(batch, *shape, channels)`.
        kernel: Tensor of shape `(*kernel_size, channels, filters)`.

    Output shape:
        `(batch, *output_shape, filters)`.

    Raises:
        ValueError: If a size is not a positive integer, the kernel does not fit into
            the input, or both strides and dilation exceed 1.

    Example:

    >>> teacher = TranslationConvTeacher(16, padding="causal", dilation_rate=2)
    >>> teacher.name, teacher.output_shape
    ('t1-16-k3-causal-d2', (16,))
    >>> TranslationConvTeacher((6, 6, 6)).positions_out
    64
    """

    representation_in = representation_out = 1

    def __init__(
        self, shape, kernel_size=3, padding="valid", strides=1, dilation_rate=1
    ):
        count = len(shape) if isinstance(shape, (tuple, list)) else 1
        self.input_shape = _sizes("shape", shape, count)
        one_of("shape's number of axes", count, MOST_TRANSLATION)
        self.kernel_shape = _sizes("kernel_size", kernel_size, count)
        self.strides = _sizes("strides", strides, count)
        self.dilation_rate = _sizes("dilation_rate", dilation_rate, count)
        paddings = ("valid", "same", "causal") if count == 1 else ("valid", "same")
        one_of("padding", padding, paddings)
        self.padding = padding
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides` must be 1 where `dilation_rate` exceeds it. Received: "
                f"strides={strides}, dilation_rate={dilation_rate}"
            )
        self.output_shape = tuple(count for count, _ in self._windows())
        self.positions_in = math.prod(self.input_shape)
        self.positions_out = math.prod(self.output_shape)

    @property
    def kernel_size(self) -> tuple[int, ...]:
        """Tuple of integers, as Keras' layers have it."""
        return self.kernel_shape

    @property
    def reach(self) -> tuple[int, ...]:
        """Tuple of integers, from the first to the last point of a window."""
        pairs = zip(self.kernel_shape, self.dilation_rate)
        return tuple((size - 1) * step + 1 for size, step in pairs)

    def _windows(self):
        """Along each axis, how many windows there are, and the padding before them."""
        for size, reach, stride in zip(self.input_shape, self.reach, self.strides):
            if self.padding == "valid":
                if reach > size:
                    raise ValueError(
                        "`kernel_size` must not exceed `shape`, when it is dilated. "
                        f"Received: windows of {reach}, shape={size}"
                    )
                yield (size - reach) // stride + 1, 0
                continue
            count, before = -(-size // stride), reach - 1
            if self.padding == "same":  # as TensorFlow pads
                before = max((count - 1) * stride + reach - size, 0) // 2
            yield count, before

    def _lines(self) -> list[np.ndarray]:
        """Along each axis the positions under the windows, those of the padding too:
        integer arrays `(new_size, kernel_size)`."""
        axes = zip(self._windows(), self.strides, self.kernel_shape, self.dilation_rate)
        return [
            stride * np.arange(count)[:, None] + step * np.arange(kernel) - before
            for (count, before), stride, kernel, step in axes
        ]

    @property
    def receptive_fields(self) -> np.ndarray:
        axes, positions, inside = len(self.input_shape), 0, True
        for axis, (line, size) in enumerate(zip(self._lines(), self.input_shape)):
            shape = np.ones(2 * axes, int)
            shape[[axis, axes + axis]] = line.shape
            line = line.reshape(shape)
            inside = inside & (line >= 0) & (line < size)
            positions = positions * size + line
        return np.where(inside, positions, -1).reshape(self.positions_out, -1)

    @property
    def receptive_field_size(self) -> int:
        return self.kernel_entries

    @property
    def border(self) -> int:
        outside = [
            max((line[:, 0] < 0).sum(), (line[:, -1] >= size).sum())
            for line, size in zip(self._lines(), self.input_shape)
        ]
        return int(max(outside))

    @property
    def name(self) -> str:
        """The name that artifacts of its students start with."""
        axes = len(self.input_shape)
        parts = [f"t{axes}", "x".join(map(str, self.input_shape))]
        parts.append(f"k{_short(self.kernel_shape)}")
        if self.padding != "valid":
            parts.append(self.padding)
        for letter, steps in (("s", self.strides), ("d", self.dilation_rate)):
            if max(steps) > 1:
                parts.append(f"{letter}{_short(steps)}")
        return "-".join(parts)

    @property
    def title(self) -> str:
        """The layer in a few words, as tables and progress bars show it."""
        size = "×".join(map(str, self.input_shape))
        for sign, steps in (("/", self.strides), ("·", self.dilation_rate)):
            if max(steps) > 1:
                size += f" {sign}{_short(steps, '×')}"
        return f"T({len(self.input_shape)}) {size}"

    def __call__(self, inputs, kernel):
        padding = self.padding
        if padding == "causal":
            padding = "valid"
            inputs = ops.pad(inputs, ((0, 0), (self.reach[0] - 1, 0), (0, 0)))
        return ops.conv(
            inputs,
            kernel,
            strides=self.strides,
            padding=padding,
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        )

    def transformations(self):
        # The smallest outputs show no piece of a shifted input twice.
        if min(self.output_shape) - 2 * self.border < 2:
            return []
        return self._shifts(MOST_TRANSLATION[len(self.output_shape)], self.border)

    def training_transformations(self):
        most = min(MOST_TRANSLATION[len(self.output_shape)], min(self.output_shape) - 1)
        return self._shifts(most)

    def _shifts(self, most, border=0) -> list[Translation]:
        steps = range(-most, most + 1)
        by = itertools.product(steps, repeat=len(self.output_shape))
        return [Translation(shift, border, self.strides) for shift in by if any(shift)]

    def get_config(self) -> dict:
        return {
            "shape": _plain(self.input_shape),
            "kernel_size": _plain(self.kernel_shape),
            "padding": self.padding,
            "strides": _plain(self.strides),
            "dilation_rate": _plain(self.dilation_rate),
        }


def _sizes(name, value, count) -> tuple[int, ...]:
    """A positive integer for each axis, of one for all or as many."""
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    if len(sizes) != count or any(type(v) is not int or v < 1 for v in sizes):
        raise ValueError(
            f"`{name}` must be a positive integer, or one for each axis. "
            f"Received: {name}={value}"
        )
    return sizes


def _plain(sizes):
    """As configurations have them: one for one axis, else a list."""
    return sizes[0] if len(sizes) == 1 else list(sizes)


def _short(sizes, sign="x") -> str:
    """Sizes in a name: once, if all agree."""
    return sign.join(map(str, sizes if len(set(sizes)) > 1 else sizes[:1]))
