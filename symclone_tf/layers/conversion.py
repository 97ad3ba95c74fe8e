"""Convolution layers as teachers, and their kernel and configuration taken over.

This is about single layers, and belongs to `layers` rather than to `networks` above:
`ClonedConv2D.from_conv` and `Cloned.from_conv` import it.
"""

from typing import Any, TypeAlias, cast

import keras
import numpy as np
from keras import ops

from symclone_tf.layers.group_conv2d import GroupConv2D
from symclone_tf.layers.group_conv3d import GroupConv3D
from symclone_tf.layers.kernel_layouts import SEPARABLE, TRANSPOSED, check_layout
from symclone_tf.students import Student
from symclone_tf.teachers import (
    ConvTeacher,
    TranslationConvTeacher,
    TransposedConvTeacher,
    VolumeConvTeacher,
)
from symclone_tf.teachers.group_convolution import is_lifting
from symclone_tf.types import Array, ArrayLike, Shape

INHERITED = (
    *("name", "trainable", "activation", "use_bias"),
    *("bias_initializer", "bias_regularizer", "bias_constraint"),
    "activity_regularizer",
)
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, GroupConv2D)
# Convolutions of one and of three axes.
CONV_1D_3D = (keras.layers.Conv1D, keras.layers.Conv3D)
# All whose weights can be untied.
SUPPORTED = (*CONVOLUTIONS, *CONV_1D_3D, GroupConv3D, *SEPARABLE, *TRANSPOSED)
AnyConvTeacher: TypeAlias = (
    ConvTeacher | TranslationConvTeacher | TransposedConvTeacher | VolumeConvTeacher
)


def check_imitates(
    student: Student, layer: keras.layers.Layer, kinds: tuple[Any, ...] = CONVOLUTIONS
) -> None:
    """Checks that a student imitates a convolution such as a layer.

    Args:
        student: `Student`.
        layer: Keras layer.
        kinds: Tuple, the classes of layers that are accepted.

    Raises:
        ValueError: If the layer is not a built convolution such as the student's
            teacher.
    """
    if not isinstance(layer, kinds):
        raise ValueError(
            f"Only the kernel of a {_any_of(kinds)} can be taken over. "
            f"Received: layer of type {type(layer).__name__}"
        )
    found = _convolution(layer)
    expected = None
    if isinstance(student.teacher, ConvTeacher):
        expected = _convolution(student.teacher)
    if found != expected:
        imitated = student.teacher.title
        if expected is not None:
            imitated = f"a convolution with {expected}"
        raise ValueError(
            f"The student imitates {imitated}. Received: layer with {found}"
        )
    if not layer.built:
        raise ValueError(
            "The layer must be built, or it has no kernel to take over. "
            f"Received: layer {layer.name!r}"
        )
    check_layout(layer)


def _any_of(kinds: tuple[type, ...]) -> str:
    """Classes as part of a sentence."""
    *others, last = (kind.__name__ for kind in kinds)
    return f"{', '.join(others)} or {last}" if others else last


def _convolution(source) -> dict[str, Any]:
    """The options that a student's teacher and a convolution have to agree on."""

    def pair(size):
        return tuple(size) if isinstance(size, (tuple, list)) else (size, size)

    return {
        "group": getattr(getattr(source, "group", None), "name", "t2"),
        "kernel_size": pair(source.kernel_size),
        "padding": source.padding,
        "strides": pair(source.strides),
        "dilation_rate": pair(source.dilation_rate),
    }


def check_axes_conv(student: Student, layer: keras.layers.Layer) -> None:
    """Checks that a student imitates a convolution of one or three axes, one of volumes
    on a group, or a transposed one.

    Args:
        student: `Student`.
        layer: Keras layer.

    Raises:
        ValueError: If the layer is not built, or not of `CONV_1D_3D` or `TRANSPOSED` or
            a `GroupConv3D`, for inputs of the teacher's shape.
    """
    kinds = (*CONV_1D_3D, GroupConv3D, *TRANSPOSED)
    if not isinstance(layer, kinds) or not layer.built:
        raise ValueError(
            "Only the kernel of a built Conv1D or Conv3D, GroupConv3D, or of a built "
            "transposed convolution, can be taken over; use ClonedConv2D for a Conv2D. "
            f"Received: layer {layer.name!r}, a {type(layer).__name__}"
        )
    # On a group, kernels and inputs have one more axis.
    shape, axes = student.teacher.input_shape, len(layer.kernel.shape) - 2
    found = None
    if len(shape) == axes:
        first = getattr(layer, "data_format", None) == "channels_first"
        inputs = (1, *shape) if first else (*shape, 1)
        found = geometry_of(layer, (None, *inputs))
    if found != student.teacher:
        raise ValueError(
            f"The student imitates {student.teacher!r}. Received: layer {layer.name!r}"
            f", which has {'other axes' if found is None else f'teacher {found!r}'}"
        )
    check_layout(layer)


def teacher_of(layer: keras.layers.Layer, input_shape: Shape) -> AnyConvTeacher:
    """The teacher that computes what a convolution does.

    Args:
        layer: `Conv2D`, `DepthwiseConv2D` or `GroupConv2D`; `SeparableConv2D`, of which
            it is the depthwise part's teacher; `Conv1D` or `Conv3D`; `Conv1DTranspose`,
            `Conv2DTranspose` or `Conv3DTranspose`; or `GroupConv3D`. A subclass may
            compute anything, and is refused.
        input_shape: Tuple, the shape of its inputs, with the batch.

    Returns:
        `ConvTeacher`, `TranslationConvTeacher`, `TransposedConvTeacher` or
        `VolumeConvTeacher`.

    Raises:
        ValueError: If there is no such teacher, with the reason, to be read after
            "Layer 'name' cannot be relaxed:".

    Example:

    >>> layer = keras.layers.SeparableConv2D(4, 3, padding="same")
    >>> teacher_of(layer, (None, 8, 8, 2)).name
    't2-8x8-k3-same'
    """
    check_supported(layer)
    return geometry_of(layer, input_shape)


def check_supported(layer: keras.layers.Layer) -> None:
    """Checks that a layer is of a kind whose weights can be untied.

    Args:
        layer: Keras layer.

    Raises:
        ValueError: If it is not, with the reason, see `teacher_of`.
    """
    if type(layer) not in SUPPORTED:
        raise ValueError(
            f"its kind, {type(layer).__name__}, is not supported: "
            f"{', '.join(kind.__name__ for kind in SUPPORTED)} are"
        )
    if layer.built:
        check_layout(layer)


def geometry_of(layer: keras.layers.Layer, input_shape: Shape) -> AnyConvTeacher:
    """The teacher of a convolution's geometry, whatever a subclass computes.

    Args:
        layer: See `teacher_of`, or of a subclass.
        input_shape: Tuple, the shape of its inputs, with the batch.

    Returns:
        `ConvTeacher`, `TranslationConvTeacher`, `TransposedConvTeacher` or
        `VolumeConvTeacher`.

    Raises:
        ValueError: If there is none.
    """
    first = getattr(layer, "data_format", None) == "channels_first"
    shape = cast(tuple[int, ...], input_shape[2:] if first else input_shape[1:-1])
    if isinstance(layer, TRANSPOSED):
        return TransposedConvTeacher(
            shape,
            layer.kernel_size,
            layer.padding,
            layer.strides,
            layer.output_padding,
            layer.dilation_rate,
        )
    if isinstance(layer, CONV_1D_3D):
        if layer.groups > 1:
            raise ValueError(
                "its channels are in groups, which is supported for convolutions of "
                "two axes only"
            )
        return TranslationConvTeacher(
            shape,
            layer.kernel_size,
            layer.padding,
            layer.strides,
            layer.dilation_rate,
        )
    if isinstance(layer, GroupConv3D):
        options = layer.padding, layer.strides, layer.dilation_rate
        lifting = layer.group.check_inputs(input_shape, layer.lifting)
        return VolumeConvTeacher(
            layer.group, shape[:3], layer.kernel_size, lifting, *options
        )
    grid = cast(tuple[int, int], input_shape[2:4] if first else input_shape[1:3])
    lifting = True
    if isinstance(layer, GroupConv2D):
        lifting = is_lifting(input_shape, layer.group, layer.lifting)
    return ConvTeacher(image_size=grid, lifting=lifting, **_convolution(layer))


def inherited(layer: keras.layers.Layer) -> dict[str, Any]:
    """A convolution's configuration, as arguments of a cloned layer."""
    options = {name: getattr(layer, name) for name in INHERITED}
    options["dtype"] = layer.dtype_policy
    options["data_format"] = getattr(layer, "data_format", "channels_last")
    if isinstance(layer, CONVOLUTIONS):
        options["groups"] = getattr(layer, "groups", 1)
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    if depthwise:
        options["groups"] = layer.kernel.shape[-2]
    for kind in ("initializer", "regularizer", "constraint"):
        source = f"depthwise_{kind}" if depthwise else f"kernel_{kind}"
        options[f"kernel_{kind}"] = getattr(layer, source)
    return options


def real_array(name: str, values: ArrayLike) -> Array:
    """Checks values of weights that a caller passes.

    Returns:
        Array.

    Raises:
        ValueError: If they are not real and finite numbers.
    """
    values = ops.convert_to_numpy(values)
    # NumPy does not know that bfloat16 is real.
    real = values.dtype.kind in "fiu" or values.dtype.name == "bfloat16"
    if not real or not values.size:
        raise ValueError(
            f"`{name}` must be an array of real numbers. "
            f"Received: {name} of type {values.dtype} and shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` must be finite. Received: {name} with values that are infinite "
            "or NaN"
        )
    return values


def bias_of(values: ArrayLike, kernel: Array) -> Array:
    """Checks values of a bias that a caller passes with a kernel.

    Returns:
        Array of shape `(filters,)`.

    Raises:
        ValueError: If it is not one real and finite number for each filter.
    """
    values = real_array("bias", values)
    if values.shape != kernel.shape[-1:]:
        raise ValueError(
            f"`bias` must have shape {kernel.shape[-1:]}, one for each filter. "
            f"Received: bias of shape {values.shape}"
        )
    return values
