"""What relaxing did to a network and to each of its layers."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np

from symclone_tf.networks.comparison import largest_difference
from symclone_tf.students import RegionalStudent


@dataclasses.dataclass(frozen=True)
class RelaxedLayer:
    """A convolution that was relaxed, and its clone.

    Attributes:
        name: String, the layer's name.
        kind: String, its class.
        teacher: String, the title of the teacher that the clone imitates.
        student: String, the kind of the clone, with its regions if it has some.
        channels: Integer, the number of input channels.
        filters: Integer, the number of output channels.
        weights_before: Integer, the number of the convolution's weights.
        weights: Integer, the number of the clone's.
        operations_before: Integer, floating-point operations per image of the
            convolution.
        operations: Integer, those of the clone.
        difference: Float, the largest difference between both layers' outputs for
            noise, relative to the largest output.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, name="edges")
    >>> model = keras.Sequential([keras.Input((6, 6, 1)), convolution])
    >>> (layer,) = relax(model, verbose=0)[1].layers
    >>> layer.name, layer.teacher, layer.student
    ('edges', 'T(2) 6×6', 'local')
    >>> layer.weights_before, layer.weights > layer.weights_before
    (40, True)
    """

    name: str
    kind: str
    teacher: str
    student: str
    channels: int
    filters: int
    weights_before: int
    weights: int
    operations_before: int
    operations: int
    difference: float


@dataclasses.dataclass(frozen=True)
class Relaxation:
    """The report of a network that was relaxed.

    Attributes:
        layers: Tuple of `RelaxedLayer`, in the network's order.
        left: Dictionary from the names of convolutions that could not be relaxed to
            the reasons.
        difference: Float, the largest difference between both networks' outputs for
            noise with the statistics of raw and of normalised pixels, relative to
            the largest output.
        seconds: Float, the time that it took.
        notes: Tuple of sentences, what the relaxed network has not as the given one
            has it: a size of inputs that is now fixed, how it is compiled.

    Example:

    >>> convolutions = [keras.layers.Conv2D(2, 3, name=name) for name in ("a", "b")]
    >>> model = keras.Sequential([keras.Input((5, 5, 1)), *convolutions])
    >>> _, report = relax(model, verbose=0)
    >>> [layer.name for layer in report.layers]
    ['a']
    >>> report.left
    {'b': 'its output is one position, which has no symmetry'}
    """

    layers: tuple[RelaxedLayer, ...]
    left: dict[str, str]
    difference: float
    seconds: float
    notes: tuple[str, ...] = ()


def relaxed_layer(name: str, layer: keras.layers.Layer, cloned: Any) -> RelaxedLayer:
    """Describes a layer that was relaxed.

    Args:
        name: String.
        layer: Keras layer, the convolution.
        cloned: The layer that replaces it.

    Returns:
        `RelaxedLayer`.
    """
    # Of a separable convolution, the depthwise part has the student.
    part = getattr(cloned, "depthwise", cloned)
    student, groups = cloned.student, part.groups
    teacher, regions = student.teacher, getattr(student, "regions", ())
    kind = " ".join([str(student.kind), *["×".join(map(str, regions))] * bool(regions)])
    *_, channels_of_group, filters = part.kernel.shape
    channels = channels_of_group * groups
    # A transposed convolution multiplies each output by a few of the entries.
    entries = np.sum(np.broadcast_to(teacher.entry_gain, teacher.kernel_shape))
    size = teacher.positions_out * teacher.representation_out * entries
    products_before = round(size * channels_of_group * filters)
    products = student.operations(channels_of_group, filters // groups) * groups
    # Kernels of regions do not depend on the image, and are no operations of it.
    regional = isinstance(student, RegionalStudent) and student.convolves(
        channels, channels_of_group, filters
    )
    if regional or cloned.computes_as() == "convolution":
        products = products_before
    if part is not cloned:
        pointwise = teacher.positions_out * math.prod(cloned.pointwise.kernel.shape)
        products_before, products = products_before + pointwise, products + pointwise
    shape = part._from_last((2, *teacher.input_shape, channels))
    spec = keras.KerasTensor(shape, "float32")
    return RelaxedLayer(
        name,
        type(layer).__name__,
        teacher.title,
        kind,
        channels,
        cloned.filters,
        layer.count_params(),
        layer.count_params() + student.parameters,
        2 * products_before,
        2 * products,
        largest_difference(layer, cloned, spec),
    )
