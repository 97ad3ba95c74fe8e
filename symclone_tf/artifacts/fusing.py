"""Layers with fixed kernels, as plain Keras layers in their cheapest form."""

import dataclasses
import math

import keras
import numpy as np
from keras import layers

from symclone_tf.artifacts.exporting import artifact_name

# How many unit impulses to put through a layer at once.
CHUNK = 256


@dataclasses.dataclass(frozen=True)
class Cost:
    """What it takes to run a layer.

    Attributes:
        operations: Integer, floating-point operations for one image.
        bytes: Integer, the size of the weights in float32.
    """

    operations: int
    bytes: int

    def __lt__(self, other) -> bool:
        """Whether both figures are lower."""
        return self.operations < other.operations and self.bytes < other.bytes

    def __str__(self) -> str:
        return f"{_short(self.operations)} operations and {_short(self.bytes)}B"


@dataclasses.dataclass(frozen=True)
class FusedLayer:
    """A layer with a fixed kernel, made of Keras' own layers.

    Attributes:
        model: `keras.Model`, which needs nothing of this package.
        form: String, `"dense"` for one Dense layer from all input points to all
            output points, or `"factored"` for the student's blocks and their
            mixing coefficients.
        costs: Dictionary from the forms to their `Cost`; blocks that are not
            linear have the factored form only.
        student: String, the name of the clone that it was made of.
    """

    model: keras.Model
    form: str
    costs: dict[str, Cost]
    student: str

    @property
    def cost(self) -> Cost:
        """What it takes to run this layer."""
        return self.costs[self.form]

    @property
    def channels(self) -> int:
        """The channels of its inputs."""
        return self.model.input_shape[-1]

    @property
    def filters(self) -> int:
        """The channels of its outputs."""
        return self.model.output_shape[-1]

    @property
    def reason(self) -> str:
        """Why the layer has its form, in one line."""
        dense, factored = self.costs.get("dense"), self.costs.get("factored")
        if dense is None:
            return f"blocks that are not linear are no matrix; they take {factored}"
        if factored is None:
            return f"one Dense layer takes {dense}; the blocks have no plain form"
        if self.form == "dense":
            return f"one Dense layer takes {dense}; the blocks would take {factored}"
        return f"the blocks take {factored}; one Dense layer would take {dense}"


def costs(student, channels, filters, use_bias=True) -> dict[str, Cost]:
    """What the forms of a layer would take.

    Args:
        student: `Student`.
        channels: Integer, of the layer's inputs.
        filters: Integer, of the layer.
        use_bias: Boolean, of the layer.

    Returns:
        Dictionary with a `Cost` for `"factored"` if the student has plain blocks
        and, if they are linear, for `"dense"`.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", image_size=28))
    >>> both = costs(student, channels=1, filters=1)
    >>> both["dense"].operations < both["factored"].operations
    True
    """
    teacher, found = student.teacher, {}
    maps_in, maps_out = teacher.maps_in * channels, teacher.maps_out * filters
    bias = maps_out if use_bias else 0
    # Mixed first, blocks are one product, and need nothing besides.
    first = student.mixes_inputs(channels, filters)
    blocks = student.block_parameters if first else student.plain_parameters(maps_in)
    if blocks is not None:
        mixing = maps_in * student.blocks * maps_out
        found["factored"] = Cost(
            2 * student.operations(channels, filters), 4 * (blocks + mixing + bias)
        )
    if student.is_linear:
        matrix = maps_in * teacher.points_in * maps_out * teacher.points_out
        found["dense"] = Cost(2 * matrix, 4 * (matrix + bias * teacher.points_out))
    return found


def fuse(layer) -> FusedLayer:
    """Bakes a layer's kernel and bias into plain Keras layers.

    One Dense layer takes the place of everything where that takes both fewer
    operations and fewer bytes: so it does for linear blocks with fewer output
    maps than blocks. Otherwise the blocks stay, with mixing coefficients in
    the place of the encoder and the kernel: after the blocks, or before them
    where that takes fewer operations.

    Args:
        layer: `ClonedConv2D`, built.

    Returns:
        `FusedLayer`.

    Raises:
        ValueError: If the layer has no kernel yet.

    Example:

    >>> student, _ = clone("c4", image_size=8, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(1, student)
    >>> layer.build((None, 8, 8, 1))
    >>> fuse(layer).form
    'dense'
    """
    if not layer.built:
        raise ValueError(
            f"The layer must be built, and so have a kernel. Received: {layer.name}"
        )
    student = layer.student
    channels, filters = layer.kernel.shape[-2:]
    found = costs(student, channels, filters, layer.use_bias)
    if not found:
        raise ValueError(
            "The layer's student has no plain form: its blocks are not linear, and it "
            f"has no `plain_blocks`. Received: student of type {type(student).__name__}"
        )
    dense, factored = found.get("dense"), found.get("factored")
    form = "factored"
    if factored is None or (dense is not None and dense < factored):
        form = "dense"
    if form == "dense":
        make = _dense
    else:
        make = _mixed_first if student.mixes_inputs(channels, filters) else _mixed_last
    model = _assembled(layer, channels, make(layer, channels))
    return FusedLayer(model, form, found, artifact_name(student))


def _assembled(layer, channels, body) -> keras.Model:
    """A model of layers with their weights' values, from images to features."""
    image, _ = layer.student.input_shapes((channels,))
    features = layer.compute_output_shape((None, *image))[1:]
    model = keras.Sequential(
        [
            keras.Input(image, name="image"),
            *(part for part, _ in body),
            layers.Reshape(features),
            layers.Activation(layer.activation),
        ]
    )
    for part, values in body:
        for weight, value in zip(part.weights, values, strict=True):
            # One bias a filter becomes one a map, or one a point.
            weight.assign(np.resize(value, weight.shape))
    return model


def _dense(layer, channels):
    """One matrix from all input points to all output points."""
    student = layer.student
    image, _ = student.input_shapes((channels,))
    features = layer.compute_output_shape((None, *image))[1:]
    dense = layers.Dense(math.prod(features), use_bias=layer.use_bias)
    impulses = np.eye(math.prod(image), dtype="float32").reshape(-1, *image)
    rows = [
        np.asarray(student(impulses[start : start + CHUNK], layer.kernel))
        for start in range(0, len(impulses), CHUNK)
    ]
    matrix = np.concatenate(rows).reshape(len(impulses), -1)
    return [(layers.Flatten("channels_last"), []), (dense, [matrix, *_bias(layer)])]


def _mixed_last(layer, channels):
    """The blocks for every map of the inputs, then one product that mixes."""
    student, teacher = layer.student, layer.student.teacher
    maps = teacher.maps_in * channels
    mixing = layers.Dense(
        teacher.maps_out * layer.filters, use_bias=layer.use_bias, name="mixing"
    )
    return [
        (layers.Reshape((teacher.points_in, maps)), []),
        (layers.Permute((2, 1)), []),
        *student.plain_blocks(maps),
        (layers.Permute((2, 1)), []),
        (mixing, [student.coefficients(layer.kernel), *_bias(layer)]),
    ]


def _mixed_first(layer, channels):
    """One product that mixes the inputs, then all blocks in another."""
    student, teacher = layer.student, layer.student.teacher
    points, blocks = teacher.points_in, student.blocks
    maps_in, maps_out = teacher.maps_in * channels, teacher.maps_out * layer.filters
    mixing = layers.Dense(blocks * maps_out, use_bias=False, name="mixing")
    return [
        (layers.Reshape((points, maps_in)), []),
        (mixing, [student.coefficients(layer.kernel)]),
        (layers.Reshape((points, blocks, maps_out)), []),
        (layers.Permute((3, 1, 2)), []),
        (layers.Reshape((maps_out, points * blocks)), []),
        *student.plain_sum(maps_out, tuple(_bias(layer))),
    ]


def _bias(layer) -> list:
    return [layer.bias] if layer.use_bias else []


def _short(count) -> str:
    """A count with a unit, to three digits.

    >>> _short(19_200_000)
    '19.2 M'
    """
    units = ["", "k", "M", "G", "T"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        del units[0]
    return f"{count:.3g} {units[0]}"
