"""What a cloned layer takes over of a convolution that is there already."""

import keras
import numpy as np
from keras import ops

from symclone_tf.teachers import ConvTeacher, GroupConv2D

INHERITED = (
    *("name", "trainable", "activation", "use_bias"),
    *("kernel_initializer", "bias_initializer"),
    *("kernel_regularizer", "bias_regularizer", "activity_regularizer"),
    *("kernel_constraint", "bias_constraint"),
)


def check_imitates(student, layer) -> None:
    """Refuses a layer whose kernel a student does not take.

    Args:
        student: `Student`.
        layer: Keras layer.

    Raises:
        ValueError: If the layer is not a built convolution such as the student's
            teacher.
    """
    if not isinstance(layer, (keras.layers.Conv2D, GroupConv2D)):
        raise ValueError(
            "Only a Conv2D's or GroupConv2D's kernel can be taken over. "
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
        "groups": getattr(source, "groups", 1),
        "data_format": getattr(source, "data_format", "channels_last"),
    }


def inherited(layer) -> dict:
    """What a convolution was made with, as arguments of a cloned layer."""
    taken = {name: getattr(layer, name) for name in INHERITED}
    taken["dtype"] = layer.dtype_policy
    return taken


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
