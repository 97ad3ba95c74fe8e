"""The forms of a layer with a fixed kernel, each as built-in layers of Keras."""

import dataclasses
import math
from typing import Any, cast

import numpy as np
from keras import layers, ops

from symclone_tf.networks.fused_forms import is_depthwise
from symclone_tf.students import Student
from symclone_tf.students.convolution_geometry import geometry_of, grid_of
from symclone_tf.students.interfaces import PlainLayers
from symclone_tf.teachers import Teacher, TransposedConvTeacher
from symclone_tf.types import Array, Shape

# The batch size for unit impulses, by which a layer's matrix is found.
CHUNK = 256
# By their number of axes.
CONVOLUTIONS = {1: layers.Conv1D, 2: layers.Conv2D, 3: layers.Conv3D}
PADDINGS = {1: layers.ZeroPadding1D, 2: layers.ZeroPadding2D, 3: layers.ZeroPadding3D}
TRANSPOSED = {
    1: layers.Conv1DTranspose,
    2: layers.Conv2DTranspose,
    3: layers.Conv3DTranspose,
}


@dataclasses.dataclass(frozen=True)
class FixedKernel:
    """A student with a fixed kernel and bias, and the sizes of its inputs.

    Attributes:
        student: `Student`, of the size of the inputs if this is known.
        kernel: Array of shape `(*kernel_shape, channels / groups, filters)`.
        bias: Tuple of an array of shape `(filters,)`, or empty.
        groups: Integer, the number of groups of channels.
        sizes: Tuple, the sizes of inputs along each free axis of the student, `None`
            where they are not known.
    """

    student: Student
    kernel: Array
    bias: tuple[Array, ...]
    groups: int
    sizes: Shape

    @property
    def channels(self) -> int:
        """Integer, the number of input channels."""
        return self.groups * self.kernel.shape[-2]

    @property
    def filters(self) -> int:
        """Integer, the number of output channels."""
        return self.kernel.shape[-1]

    @property
    def image_shape(self) -> Shape:
        """Tuple, the shape of one input, `None` where a size is not known."""
        shape, _ = self.student.input_shapes((self.channels,))
        return (*self.sizes, *shape[len(self.sizes) :])

    @property
    def feature_shape(self) -> Shape:
        """Tuple, the shape of its output."""
        inputs = (None, *self.image_shape)
        return self.student.compute_output_shape(inputs, self.kernel.shape)[1:]

    @property
    def whole_kernel(self) -> Array:
        """Array of shape `(*kernel_shape, channels, filters)`, with zeros between
        channels of different groups."""
        if self.groups == 1:
            return self.kernel
        *entries, channels, filters = self.kernel.shape
        shared = filters // self.groups
        whole = np.zeros((*entries, self.groups, channels, filters), "float32")
        for group in range(self.groups):
            own = slice(group * shared, (group + 1) * shared)
            whole[..., group, :, own] = self.kernel[..., own]
        return whole.reshape(*entries, -1, filters)


def convolution(fixed: FixedKernel) -> PlainLayers:
    """The convolution that translation equivariant blocks compute.

    Args:
        fixed: `FixedKernel`.

    Returns:
        `PlainLayers`, pairs of a Keras layer and its weights' values.
    """
    teacher = fixed.student.teacher
    if isinstance(teacher, TransposedConvTeacher):
        return _transposed_convolution(fixed)
    strides, padding, dilation_rate = geometry_of(teacher)
    axes = _axes_of(teacher)
    options: dict[str, Any] = {
        "strides": strides[:axes],
        "dilation_rate": dilation_rate[:axes],
        "padding": padding,
    }
    first = as_images(fixed)
    if not isinstance(padding, str):
        padding, options["padding"] = tuple(padding[:axes]), "valid"
        reach = (fixed.kernel.shape[0] - 1) * dilation_rate[0]
        if axes == 1 and padding == ((reach, 0),):
            options["padding"] = "causal"
        else:
            first = [*first, (padding_layer(padding), [])]
    kernel = fixed.kernel if depthwise(fixed) else fixed.whole_kernel
    bank = ops.convert_to_numpy(fixed.student.convolution_kernel(kernel))
    bank = bank.reshape(*bank.shape[:axes], *bank.shape[-2:])
    return [*first, convolution_layer(fixed, bank, "convolution", **options)]


def as_images(fixed: FixedKernel) -> PlainLayers:
    """The layer before a convolution, which makes channels of feature maps on a group;
    none where there is nothing to change."""
    teacher = fixed.student.teacher
    if _axes_of(teacher) == len(fixed.image_shape) - 1:
        return []
    grid = fixed.sizes or grid_of(teacher)
    maps = teacher.representation_in * fixed.channels
    return [(layers.Reshape((*grid, maps)), [])]


def convolution_layer(
    fixed: FixedKernel, bank: Array, name: str, **options: Any
) -> tuple[layers.Layer, list[Array]]:
    """One convolution, depthwise where each channel is a group.

    Args:
        fixed: `FixedKernel`.
        bank: Array, its kernel as `convolve` takes it.
        name: String.
        **options: `strides`, `dilation_rate` and `padding`.

    Returns:
        Pair of a Keras layer and its weights' values.
    """
    options = {
        **options,
        "data_format": "channels_last",
        "use_bias": bool(fixed.bias),
        "name": name,
    }
    *size, _, columns = bank.shape
    if depthwise(fixed):
        multiplier = columns // fixed.groups
        bank = bank.reshape(*size, fixed.groups, multiplier)
        options["depth_multiplier"] = multiplier
        return layers.DepthwiseConv2D(tuple(size), **options), [bank, *fixed.bias]
    made = CONVOLUTIONS[len(size)](columns, tuple(size), **options)
    return made, [bank, *fixed.bias]


def padding_layer(padding: tuple[tuple[int, int], ...]) -> layers.Layer:
    """The layer that pads with zeros before and after each axis."""
    along = padding[0] if len(padding) == 1 else padding
    return PADDINGS[len(padding)](along, data_format="channels_last")


def depthwise(fixed: FixedKernel) -> bool:
    """Whether its convolution is a `keras.layers.DepthwiseConv2D`."""
    return is_depthwise(fixed.student, fixed.channels, fixed.groups)


def _axes_of(teacher: Teacher) -> int:
    """The axes of the convolution that translation equivariant blocks compute."""
    if teacher.windows is not None:
        return len(teacher.windows)
    sizes = teacher.representation_in, teacher.representation_out
    return 1 if sizes == (1, 1) and len(teacher.input_shape) == 1 else 2


def _transposed_convolution(fixed: FixedKernel) -> PlainLayers:
    """The transposed convolution that translation equivariant blocks compute."""
    teacher: Any = fixed.student.teacher
    bank = fixed.student.convolution_kernel(fixed.whole_kernel)
    made = TRANSPOSED[len(teacher.input_shape)](
        fixed.filters,
        teacher.kernel_size,
        teacher.strides,
        padding=teacher.padding,
        output_padding=teacher.output_padding,
        data_format="channels_last",
        dilation_rate=teacher.dilation_rate,
        use_bias=bool(fixed.bias),
        name="convolution",
    )
    return [(made, [ops.swapaxes(bank, -1, -2), *fixed.bias])]


def matrix(fixed: FixedKernel) -> PlainLayers:
    """One matrix from all input to all output positions.

    Args:
        fixed: `FixedKernel`, whose sizes are known.

    Returns:
        `PlainLayers`.
    """
    image = cast(tuple[int, ...], fixed.image_shape)
    features = cast(tuple[int, ...], fixed.feature_shape)
    kernel = fixed.whole_kernel
    dense = layers.Dense(math.prod(features), use_bias=bool(fixed.bias))
    impulses = np.eye(math.prod(image), dtype="float32").reshape(-1, *image)
    rows = [
        ops.convert_to_numpy(fixed.student(impulses[start : start + CHUNK], kernel))
        for start in range(0, len(impulses), CHUNK)
    ]
    values = np.concatenate(rows).reshape(len(impulses), -1)
    return [(layers.Flatten("channels_last"), []), (dense, [values, *fixed.bias])]


def blocks_and_mixing(fixed: FixedKernel) -> PlainLayers:
    """The blocks and their mixing coefficients, in the cheaper order.

    Args:
        fixed: `FixedKernel`, whose sizes are known.

    Returns:
        `PlainLayers`.
    """
    first = fixed.student.mixes_inputs(fixed.channels, fixed.filters)
    return _mixed_first(fixed) if first else _mixed_last(fixed)


def _mixed_last(fixed: FixedKernel) -> PlainLayers:
    """The blocks for every input feature map, then one product that mixes."""
    student, teacher = fixed.student, fixed.student.teacher
    maps_in = teacher.representation_in * fixed.channels
    mixing = layers.Dense(
        teacher.representation_out * fixed.filters,
        use_bias=bool(fixed.bias),
        name="mixing",
    )
    coefficients = student.coefficients(fixed.whole_kernel)
    return [
        (layers.Reshape((teacher.positions_in, maps_in)), []),
        (layers.Permute((2, 1)), []),
        *student.plain_blocks(maps_in),
        (layers.Permute((2, 1)), []),
        (mixing, [coefficients, *fixed.bias]),
    ]


def _mixed_first(fixed: FixedKernel) -> PlainLayers:
    """One product that mixes the inputs, then all blocks in another."""
    student, teacher = fixed.student, fixed.student.teacher
    positions, blocks = teacher.positions_in, student.blocks
    maps_in = teacher.representation_in * fixed.channels
    maps_out = teacher.representation_out * fixed.filters
    mixing = layers.Dense(blocks * maps_out, use_bias=False, name="mixing")
    return [
        (layers.Reshape((positions, maps_in)), []),
        (mixing, [student.coefficients(fixed.whole_kernel)]),
        (layers.Reshape((positions, blocks, maps_out)), []),
        (layers.Permute((3, 1, 2)), []),
        (layers.Reshape((maps_out, positions * blocks)), []),
        *student.plain_sum(maps_out, fixed.bias),
    ]
