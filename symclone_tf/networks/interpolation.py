"""What interpolation adds to equivariance errors: those of the teachers themselves."""

import keras

from symclone_tf.layers import Cloned, GroupConv2D
from symclone_tf.networks.convolutions import convolution_layers, with_names
from symclone_tf.networks.layer_inputs import layer_inputs
from symclone_tf.symmetry import PointGroup, equivariance_error
from symclone_tf.symmetry.transformation_sets import group_of_any
from symclone_tf.teachers import ConvTeacher
from symclone_tf.types import ArrayLike


def teacher_errors(
    model: keras.Model, inputs: ArrayLike, group: str | PointGroup
) -> dict[str, float]:
    """The teacher's own equivariance error, for each convolution on a group.

    No function of pixels is exactly equivariant to rotations that interpolate between
    them. What a clone errs beyond its teacher, which is evaluated with the clone's
    kernel, is what it has learned or lost; `layer_errors` has both together.

    Args:
        model: `keras.Model`, see `layer_errors`.
        inputs: Array of images, likewise.
        group: String or `PointGroup`; others permute, and have no error of their own.

    Returns:
        Dictionary from layer names to errors, of clones of convolutions on this group
        and of `GroupConv2D`, which are teachers themselves. Empty where the group
        permutes pixels: a teacher has no error there but rounding.

    Example:

    >>> student, _ = clone("c8", image_size=12, solver="closed-form", verbose=0)
    >>> layers = [keras.Input((12, 12, 1)), ClonedConv2D(2, student, name="conv")]
    >>> model, images = keras.Sequential(layers), keras.random.normal((4, 12, 12, 1))
    >>> own = teacher_errors(model, images, "c8")["conv"]
    >>> own > 0.1, abs(layer_errors(model, images, "c8")["conv"] - own) < 1e-5
    (True, True)
    """
    found = group_of_any(group)
    if not isinstance(found, PointGroup) or found.permutes_pixels:
        return {}
    layers = convolution_layers(model)
    calls = layer_inputs(model, layers, inputs)
    return {
        name: equivariance_error(exact, found, recorded[0])
        for (name, layer), recorded in zip(with_names(layers), calls)
        if recorded and (exact := _teacher_of(layer, found))
    }


def _teacher_of(layer, group):
    """The layer with its teacher in place of a clone; `None` if it is on no group."""
    if isinstance(layer, GroupConv2D):
        return layer if layer.group == group else None
    if not isinstance(layer, Cloned) or layer.data_format != "channels_last":
        return None
    teacher = layer.student.teacher
    if not isinstance(teacher, ConvTeacher) or teacher.group != group:
        return None

    def exact(inputs):
        inputs = keras.ops.cast(inputs, layer.compute_dtype)
        kernel = keras.ops.cast(layer.kernel, layer.compute_dtype)
        return layer.biased_and_activated(teacher(inputs, kernel), layer.data_format)

    return exact
