"""What a cloned layer takes over of a convolution that is there already."""

import keras
import numpy as np
from keras import ops

from symclone_tf.layers import GroupConv2D
from symclone_tf.teachers import ConvTeacher, TranslationConvTeacher

INHERITED = (
    *("name", "trainable", "activation", "use_bias"),
    *("bias_initializer", "bias_regularizer", "bias_constraint"),
    "activity_regularizer",
)
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, GroupConv2D)
# Of signals and of volumes.
CONV_1D_3D = (keras.layers.Conv1D, keras.layers.Conv3D)


def check_imitates(student, layer) -> None:
    """Refuses a layer whose kernel a student does not take.

    Args:
        student: `Student`.
        layer: Keras layer.

    Raises:
        ValueError: If the layer is not a built convolution such as the student's
            teacher.
    """
    if not isinstance(layer, CONVOLUTIONS):
        raise ValueError(
            "Only a Conv2D's, DepthwiseConv2D's or GroupConv2D's kernel can be taken "
            "over. "
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
            "A layer that is not built has no kernel to take over. "
            f"Received: layer {layer.name!r}"
        )


def _convolution(source) -> dict:
    """What has to agree for a student to imitate a convolution."""

    def pair(size):
        return tuple(size) if isinstance(size, (tuple, list)) else (size, size)

    return {
        "group": getattr(getattr(source, "group", None), "name", "t2"),
        "kernel_size": pair(source.kernel_size),
        "padding": source.padding,
        "strides": pair(source.strides),
        "dilation_rate": pair(source.dilation_rate),
    }


def check_translation_conv(student, layer) -> None:
    """Refuses a layer that is no such convolution as a student's teacher.

    Args:
        student: `Student`.
        layer: Keras layer.

    Raises:
        ValueError: If the layer is not a built `Conv1D` or `Conv3D`, for inputs of
            the teacher's shape.
    """
    if not isinstance(layer, CONV_1D_3D) or not layer.built:
        raise ValueError(
            "Only a built Conv1D's or Conv3D's kernel can be taken over; Conv2D's by "
            f"ClonedConv2D. Received: layer {layer.name!r}, a {type(layer).__name__}"
        )
    shape, axes = student.teacher.input_shape, len(layer.kernel_size)
    found = teacher_of(layer, (None, *shape, 1)) if len(shape) == axes else None
    if found != student.teacher:
        raise ValueError(
            f"The student imitates {student.teacher!r}. Received: layer {layer.name!r}"
            f", which is {'of other axes' if found is None else found!r}"
        )


def teacher_of(layer, input_shape) -> ConvTeacher | TranslationConvTeacher:
    """What a convolution is, as a teacher.

    Args:
        layer: `Conv2D`, `DepthwiseConv2D` or `GroupConv2D`; `Conv1D` or `Conv3D`.
        input_shape: Tuple, of its inputs, with the batch.

    Returns:
        `ConvTeacher`; `TranslationConvTeacher` of the last two.

    Raises:
        ValueError: If there is no such teacher.
    """
    first = getattr(layer, "data_format", None) == "channels_first"
    if isinstance(layer, CONV_1D_3D):
        if first or layer.groups > 1:
            raise ValueError(
                "its channels are first, or in groups, which only layers of two axes "
                "may have"
            )
        return TranslationConvTeacher(
            tuple(input_shape[1:-1]),
            layer.kernel_size,
            layer.padding,
            layer.strides,
            layer.dilation_rate,
        )
    grid = tuple(input_shape[2:4] if first else input_shape[1:3])
    made = _convolution(layer)
    lifting = len(input_shape) == 4
    return ConvTeacher(image_size=grid, lifting=lifting, **made)


def inherited(layer) -> dict:
    """What a convolution was made with, as arguments of a cloned layer."""
    taken = {name: getattr(layer, name) for name in INHERITED}
    taken["dtype"] = layer.dtype_policy
    if not isinstance(layer, CONV_1D_3D):
        taken["groups"] = getattr(layer, "groups", 1)
        taken["data_format"] = getattr(layer, "data_format", "channels_last")
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    if depthwise:
        taken["groups"] = layer.kernel.shape[-2]
    for what in ("initializer", "regularizer", "constraint"):
        source = f"depthwise_{what}" if depthwise else f"kernel_{what}"
        taken[f"kernel_{what}"] = getattr(layer, source)
    return taken


def kernel_of(layer) -> np.ndarray:
    """A convolution's kernel, as `Conv2D` has it.

    Args:
        layer: Built convolution layer.

    Returns:
        Array of shape `(kh, kw, channels / groups, filters)`, and with the group's
        axis before the channels of feature maps.
    """
    kernel = ops.convert_to_numpy(layer.kernel)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        # Filters of one channel stand side by side.
        return kernel.reshape(*kernel.shape[:2], 1, -1)
    return kernel


def real_array(name, values) -> np.ndarray:
    """Weights that came from somewhere else, if they can be weights.

    Raises:
        ValueError: If they are not real and finite numbers.
    """
    values = ops.convert_to_numpy(values)
    if values.dtype.kind not in "fiu" or not values.size:
        raise ValueError(
            f"`{name}` must be an array of real numbers. "
            f"Received: {name} of type {values.dtype} and shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` must be finite. Received: {name} with infinite values, or "
            "values that are no number"
        )
    return values


def bias_of(values, kernel) -> np.ndarray:
    """A bias that came from somewhere else, if it goes with a kernel.

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
