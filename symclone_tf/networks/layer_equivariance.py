"""The equivariance error of each convolution of a network."""

import warnings

import keras
import numpy as np

from symclone_tf.layers import (
    Cloned,
    ClonedCopiesConv2D,
    ClonedSeparableConv2D,
    GroupConv3D,
    GroupCopies,
)
from symclone_tf.layers.conversion import CONV_1D_3D, TRANSPOSED, geometry_of
from symclone_tf.networks.attention_equivariance import (
    attention_errors,
    attention_layers,
)
from symclone_tf.networks.convolutions import convolution_layers, with_names
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.layer_inputs import layer_inputs
from symclone_tf.symmetry import (
    PermutationGroup,
    PointGroup,
    VolumeGroup,
    equivariance_error,
    get_group,
    largest_error,
    transformations_of,
)
from symclone_tf.symmetry.transformation_sets import group_of_any
from symclone_tf.teachers import (
    TranslationConvTeacher,
    TransposedConvTeacher,
    VolumeConvTeacher,
)
from symclone_tf.types import ArrayLike

CLONES = (Cloned, ClonedSeparableConv2D)


def layer_errors(
    model: keras.Model,
    inputs: ArrayLike,
    group: str | PointGroup | VolumeGroup | PermutationGroup,
    max_translation: int = 2,
) -> dict[str, float]:
    """The equivariance error of each convolution of a model.

    Where inputs of a transposed convolution are translated by a pixel, outputs are
    translated by its strides. Of a network of copies of images, see `symmetrize`, the
    layers by which these learn of each other are measured: all others treat each copy
    alike, so that the group permutes what they compute. A layer whose error is not
    defined is left out with a warning: one with strides under T(2), with channels
    first, or whose feature maps are on another group. Layers of `ClonedAttention` have
    errors too and, under T(2), each of their heads, as `attention/head_0`.

    Args:
        model: `keras.Model`, of any kind, with one input.
        inputs: Array of images, `(batch, height, width, channels)`, or of other inputs
            of the model; each layer is evaluated on what reaches it.
        group: String, `PointGroup`, `VolumeGroup` or `PermutationGroup`.
        max_translation: Integer, pixels, for T(2).

    Returns:
        Dictionary from layer names to errors, in the model's order; where
        layers of nested models share a name, from their paths.

    Example:

    >>> layers = [keras.Input((9, 9, 1)), keras.layers.Conv2D(2, 3, name="conv")]
    >>> images = keras.random.normal((4, 9, 9, 1))
    >>> layer_errors(keras.Sequential(layers), images, "c4")["conv"] > 0.1
    True
    """
    count = len(getattr(model, "inputs", None) or [inputs])
    if count != 1:
        raise ValueError(
            "Equivariance errors are those of a network with one input. "
            f"Received: a network with {count} inputs"
        )
    layers = convolution_layers(model)
    if any(isinstance(layer, GroupCopies) for layer in all_layers(model)):
        layers = [layer for layer in layers if isinstance(layer, ClonedCopiesConv2D)]
    calls = layer_inputs(model, layers, inputs)
    errors = {}
    for (name, layer), recorded in zip(with_names(layers), calls):
        if recorded:
            try:
                errors[name] = _error(layer, group, recorded[0], max_translation)
            except ValueError as error:
                warnings.warn(f"{name} is not measured: {error}", stacklevel=2)
    return errors | _errors_of_attention(model, inputs, group, max_translation)


def _errors_of_attention(model, inputs, group, max_translation) -> dict[str, float]:
    """The errors of layers of attention and, under T(2), of their heads."""
    layers = attention_layers(model)
    errors: dict[str, float] = {}
    for (name, layer), recorded in zip(
        with_names(layers), layer_inputs(model, layers, inputs) if layers else ()
    ):
        try:
            if not recorded:
                continue
            found = attention_errors(layer, group, recorded[0], max_translation)
            errors |= {f"{name}{part}": error for part, error in found.items()}
        except ValueError as error:
            warnings.warn(f"{name} is not measured: {error}", stacklevel=3)
    return errors


def _error(layer, group, inputs, max_translation) -> float:
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise ValueError(f"its data_format is {layer.data_format}.")
    group = group_of_any(group)
    if isinstance(layer, ClonedCopiesConv2D):
        return _error_of_copies(layer, group, inputs)
    if isinstance(group, VolumeGroup):
        return equivariance_error(layer, group, inputs)
    if isinstance(group, PermutationGroup):
        return _error_of_positions(layer, group, inputs)
    source = layer.student.teacher if isinstance(layer, CLONES) else layer
    if isinstance(source, (*CONV_1D_3D, *TRANSPOSED)):
        source = geometry_of(source, inputs.shape)
    if isinstance(source, (VolumeConvTeacher, GroupConv3D)):
        raise ValueError(f"{group.title} does not act on volumes.")
    if isinstance(source, TransposedConvTeacher) and len(source.input_shape) == 2:
        return _error_of_transposed(layer, source, group, inputs, max_translation)
    if isinstance(source, (TranslationConvTeacher, TransposedConvTeacher)):
        return _error_of_translations(layer, source.transformations(), group, inputs)
    strides = getattr(source, "strides", 1)
    if get_group(group).is_trivial and np.max(strides) > 1:
        raise ValueError(
            f"its strides are {strides}, by which translations do not remain "
            "translations."
        )
    return equivariance_error(layer, group, inputs, _border(layer), max_translation)


def _error_of_copies(layer, group, inputs) -> float:
    """The error of a layer by which the copies of an image learn of each other."""
    if layer.group != group:
        raise ValueError(f"its copies are those of {layer.group.title}.")
    transformations = layer.student.teacher.transformations()
    copies = keras.ops.convert_to_numpy(layer.unfolded(inputs))
    return largest_error(layer.of_copies, transformations, copies) or 0.0


def _error_of_transposed(layer, teacher, group, inputs, max_translation) -> float:
    """The error of a transposed convolution of images."""
    if not get_group(group).is_trivial:
        return equivariance_error(layer, group, inputs)
    transformations = transformations_of(
        group, max_translation, teacher.border, upsampling=teacher.strides
    )
    return _error_of_translations(layer, transformations, group, inputs)


def _error_of_translations(layer, transformations, group, inputs) -> float:
    """The error of a convolution of any number of axes, under translations."""
    if not get_group(group).is_trivial:
        raise ValueError(f"{get_group(group).title} does not act on its axes.")
    error = largest_error(layer, transformations, inputs)
    if error is None:
        raise ValueError(
            "no part of its outputs is left to compare after translations."
        )
    return error


def _error_of_positions(layer, group, inputs) -> float:
    """The error of a layer on positions that a group permutes."""
    # Layers of this very group have its action on their outputs.
    teacher = layer.student.teacher if isinstance(layer, CLONES) else layer
    own = getattr(teacher, "group", None) == group
    group_out = getattr(teacher, "group_out", None) if own else None
    return equivariance_error(layer, group, inputs, group_out=group_out)


def _border(layer) -> int:
    """How many pixels from the edge a layer's zero padding has an effect."""
    if isinstance(layer, CLONES):
        return layer.student.teacher.border
    if getattr(layer, "padding", "valid") != "same":
        return 0
    return int(np.max(layer.kernel_size)) // 2 * int(np.max(layer.dilation_rate))
