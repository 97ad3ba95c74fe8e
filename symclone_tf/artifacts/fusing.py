"""Layers with fixed kernels, as plain Keras layers in their cheapest form."""

import dataclasses
import itertools
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
        form: String, `"dense"` for one Dense layer from all input pixels to all
            output pixels, or `"factored"` for the student's blocks and their
            mixing coefficients.
        costs: Dictionary from the forms to their `Cost`; blocks with hidden
            layers have the factored form only.
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
        dense, factored = self.costs.get("dense"), self.costs["factored"]
        if dense is None:
            return f"blocks with hidden layers are no matrix; they take {factored}"
        if self.form == "dense":
            return f"one Dense layer takes {dense}; the blocks would take {factored}"
        return f"the blocks take {factored}; one Dense layer would take {dense}"


def costs(student, channels, filters, use_bias=True) -> dict[str, Cost]:
    """What both forms of a layer would take.

    Args:
        student: `DenseStudent`.
        channels: Integer, of the layer's inputs.
        filters: Integer, of the layer.
        use_bias: Boolean, of the layer.

    Returns:
        Dictionary with a `Cost` for `"factored"` and, if the student's blocks are
        linear, for `"dense"`.

    Example:

    >>> both = costs(DenseStudent("c4", image_size=28), channels=1, filters=1)
    >>> both["dense"].operations < both["factored"].operations
    True
    """
    maps_in = student.elements_in * channels
    maps_out = student.group.order * filters
    bias = maps_out if use_bias else 0
    pixels, outputs = student.image_size**2, student.output_size**2
    widths = (pixels, *student.hidden_units, outputs)
    block = sum(a * b for a, b in itertools.pairwise(widths))
    weights = student.blocks * (block + sum(student.hidden_units))
    # The blocks, for each map that goes through them, and the mixing.
    if student.mixes_inputs(channels, filters):
        products = maps_out * block + maps_in * maps_out * pixels
    else:
        products = maps_in * block + maps_in * maps_out * outputs
    factored = Cost(
        2 * student.blocks * products,
        4 * (weights + maps_in * student.blocks * maps_out + bias),
    )
    matrix = maps_in * pixels * maps_out * outputs
    dense = Cost(2 * matrix, 4 * (matrix + bias * outputs))
    return {"factored": factored, **({"dense": dense} if student.is_linear else {})}


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
    both = costs(student, channels, filters, layer.use_bias)
    form = (
        "dense" if "dense" in both and both["dense"] < both["factored"] else "factored"
    )
    if form == "dense":
        make = _dense
    else:
        make = _mixed_first if student.mixes_inputs(channels, filters) else _mixed_last
    model = _assembled(layer, channels, *make(layer, channels))
    return FusedLayer(model, form, both, artifact_name(student))


def _assembled(layer, channels, body, weights) -> keras.Model:
    """A model of a body, from images to features, and its weights' values."""
    image, _ = layer.student.input_shapes((channels,))
    features = layer.compute_output_shape((None, *image))[1:]
    model = keras.Sequential(
        [
            keras.Input(image, name="image"),
            *body,
            layers.Reshape(features),
            layers.Activation(layer.activation),
        ]
    )
    for part, values in weights:
        for weight, value in zip(part.weights, values, strict=True):
            # One bias a filter becomes one a map, or one a pixel.
            weight.assign(np.resize(value, weight.shape))
    return model


def _dense(layer, channels):
    """One matrix from all input pixels to all output pixels."""
    student = layer.student
    image, _ = student.input_shapes((channels,))
    features = layer.compute_output_shape((None, *image))[1:]
    dense = layers.Dense(math.prod(features), use_bias=layer.use_bias)
    impulses = np.eye(math.prod(image), dtype="float32").reshape(-1, *image)
    rows = [
        np.asarray(student(impulses[start : start + CHUNK], layer.kernel))
        for start in range(0, len(impulses), CHUNK)
    ]
    return [layers.Flatten("channels_last"), dense], [
        (dense, [np.concatenate(rows), *_bias(layer)])
    ]


def _mixed_last(layer, channels):
    """The blocks for every map of the inputs, then one product that mixes."""
    student = layer.student
    maps, pixels, outputs = _sizes(student, channels)
    first, *others = [_plain(block, maps) for block in student.block_layers]
    mixing = layers.Dense(
        student.group.order * layer.filters, use_bias=layer.use_bias, name="mixing"
    )
    body = [
        layers.Reshape((pixels, maps)),
        layers.Permute((2, 1)),
        first,
        layers.Reshape((maps, student.blocks, first.units // student.blocks)),
        *others,
        layers.Reshape((maps * student.blocks, outputs)),
        layers.Permute((2, 1)),
        mixing,
    ]
    blocks = zip((first, *others), student.block_layers)
    return body, [
        *((plain, block.get_weights()) for plain, block in blocks),
        (mixing, [student.coefficients(layer.kernel), *_bias(layer)]),
    ]


def _mixed_first(layer, channels):
    """One product that mixes the inputs, then all blocks in another."""
    student = layer.student
    maps, pixels, outputs = _sizes(student, channels)
    maps_out = student.group.order * layer.filters
    mixing = layers.Dense(student.blocks * maps_out, use_bias=False, name="mixing")
    blocks = layers.EinsumDense(
        "noq,qp->npo",
        (outputs, maps_out),
        bias_axes="o" if layer.use_bias else None,
        name="blocks_0",
    )
    body = [
        layers.Reshape((pixels, maps)),
        mixing,
        layers.Reshape((pixels, student.blocks, maps_out)),
        layers.Permute((3, 1, 2)),
        layers.Reshape((maps_out, pixels * student.blocks)),
        blocks,
    ]
    return body, [
        (mixing, [student.coefficients(layer.kernel)]),
        (blocks, [*student.block_layers[0].get_weights(), *_bias(layer)]),
    ]


def _sizes(student, channels) -> tuple[int, int, int]:
    """Maps, pixels of an input map, and pixels of an output map."""
    maps = student.elements_in * channels
    return maps, student.image_size**2, student.output_size**2


def _bias(layer) -> list:
    return [layer.bias] if layer.use_bias else []


def _plain(block, maps):
    """A copy of a student's layer for rows that still have their channel."""
    config = block.get_config()
    if isinstance(block, layers.EinsumDense):
        config["equation"] = "ncbi,bij->ncbj"
        config["output_shape"] = (maps, *config["output_shape"])
    return type(block).from_config({**config, "trainable": True})


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
