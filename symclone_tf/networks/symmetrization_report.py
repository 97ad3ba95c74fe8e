"""What symmetrizing did to a network and to each of its layers."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from symclone_tf.layers import Cloned, ClonedSeparableConv2D
from symclone_tf.networks.comparison import unchanged
from symclone_tf.networks.network_inputs import noise
from symclone_tf.networks.selection import flat_shapes, is_convolution
from symclone_tf.symmetry import PointGroup, transformations_of
from symclone_tf.symmetry.equivariance import relative
from symclone_tf.types import Array

CLONES = (Cloned, ClonedSeparableConv2D)
# Images that are computed at a time, for each of which there are |G| copies.
BATCH = 32


@dataclasses.dataclass(frozen=True)
class SymmetrizedLayer:
    """A convolution or dense layer of a network that was made symmetric.

    Attributes:
        name: String.
        kind: String, its class.
        symmetry: String, of a layer by which copies learn of each other; empty for
            others.
        weights_before: Integer.
        weights: Integer, in the new network.
        operations_before: Integer, floating-point operations for one image in the given
            network.
        operations: Integer, in the new one.

    Example:

    >>> layers = [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, name="edges")]
    >>> _, report = symmetrize(keras.Sequential(layers), "c4")
    >>> (layer,) = report.layers
    >>> layer.name, layer.weights, layer.operations / layer.operations_before
    ('edges', 40, 4.0)
    """

    name: str
    kind: str
    symmetry: str
    weights_before: int
    weights: int
    operations_before: int
    operations: int


@dataclasses.dataclass(frozen=True)
class Symmetrization:
    """The report of a network that was made symmetric.

    Attributes:
        group: String, the group's name.
        layers: Tuple of `SymmetrizedLayer`, in the network's order.
        weights_before: Integer, of the given network.
        weights: Integer, of the new one.
        deviation_before: Float, the given network's largest deviation from invariance,
            or of maps from equivariance, `‖f(g·x) − g·f(x)‖ / ‖f(x)‖`, over the group.
        deviation: Float, the new network's.
        on: String, the inputs on which deviations were measured.
        seconds: Float, the time that it took.
        notes: Tuple of sentences, what the new network does not do as the given one.

    Example:

    >>> layers = [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, 2, "same")]
    >>> layers += [keras.layers.Flatten(), keras.layers.Dense(2)]
    >>> _, report = symmetrize(keras.Sequential(layers), "d4")
    >>> report.group, report.on, report.deviation < 1e-5 < report.deviation_before
    ('d4', 'noise', True)
    """

    group: str
    layers: tuple[SymmetrizedLayer, ...]
    weights_before: int
    weights: int
    deviation_before: float
    deviation: float
    on: str
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A network and what was made of it.

    Attributes:
        model: `keras.Model`, the given one.
        made: `keras.Model`, the new one.
        group: `PointGroup`.
        data_format: String, of images, and of maps unless `of_outputs` says otherwise.
        of_outputs: Sequence of strings, one for each output; or empty.
    """

    model: keras.Model
    made: keras.Model
    group: PointGroup
    data_format: str = "channels_last"
    of_outputs: Sequence[str] = ()

    def report(
        self,
        replaced: dict[int, Any],
        shapes: dict[int, list[Any]],
        specs: Any,
        images: Any,
    ) -> Symmetrization:
        """Compares both.

        Args:
            replaced: Dictionary from the identities of layers to what replaces them.
            shapes: See `input_shapes`, of the given network.
            specs: Inputs of one size, see `input_specs`.
            images: Array, or structure of arrays as the network takes them; `None` for
                noise.

        Returns:
            `Symmetrization`.
        """
        inputs = _noise(specs) if images is None else images
        before, after = (
            deviation(each, inputs, self.group, self.data_format, self.of_outputs)
            for each in (self.model, self.made)
        )
        return Symmetrization(
            self.group.name,
            tuple(layers_of(self.model, shapes, self.group.order, replaced)),
            self.model.count_params(),
            self.made.count_params(),
            before,
            after,
            "noise" if images is None else "the given images",
        )


def _noise(specs):
    """Noise as inputs; images of whole numbers are those of pixels."""
    rng = np.random.default_rng(0)

    def pixels(spec, drawn):
        whole = not keras.backend.is_float_dtype(spec.dtype)
        if len(spec.shape) == 4 and whole:
            return rng.integers(0, 256, drawn.shape).astype(spec.dtype)
        return drawn

    return keras.tree.map_structure(pixels, specs, noise(specs))


def layers_of(
    model: keras.Model,
    shapes: dict[int, list[Any]],
    order: int,
    replaced: dict[int, Any],
) -> list[SymmetrizedLayer]:
    """Convolutions and dense layers, in the order of the network's calls."""
    layers = {id(layer): layer for layer in model._flatten_layers()}
    clones = [layer for layer in layers.values() if isinstance(layer, CLONES)]
    # What is within a clone is counted with it.
    for clone in clones:
        for part in clone._flatten_layers(include_self=False):
            layers.pop(id(part), None)
    found = []
    for key, calls in shapes.items():
        layer: Any = layers.get(key)
        known = isinstance(layer, (keras.layers.Dense, *CLONES))
        if known or is_convolution(layer):
            before = sum(operations(layer, shape) for shape in calls)
            new = replaced.get(key)
            weights = [each.count_params() for each in (layer, new or layer)]
            after = before * order * (1 if new is None else order)
            found.append(
                SymmetrizedLayer(
                    layer.name,
                    type(layer).__name__,
                    getattr(new, "symmetry", ""),
                    weights[0],
                    weights[1],
                    before,
                    after,
                )
            )
    return found


def operations(layer: keras.layers.Layer, shape: Any) -> int:
    """Floating-point operations of a convolution or dense layer, without its bias.

    Args:
        layer: Keras layer, built.
        shape: Shape of its inputs.

    Returns:
        Integer, for one input of a batch.

    Example:

    >>> layer = keras.layers.Conv2D(4, 3)
    >>> layer.build((None, 8, 8, 2))
    >>> operations(layer, (None, 8, 8, 2)) == 2 * 6 * 6 * 4 * 9 * 2
    True
    """
    if isinstance(layer, Cloned):
        *_, channels, filters = layer.kernel.shape
        filters //= layer.groups
        return 2 * layer.student.operations(channels, filters) * layer.groups
    (shape,) = flat_shapes(shape)
    places = layer.compute_output_shape(shape)
    transposed = "Transpose" in type(layer).__name__
    channels_first = getattr(layer, "data_format", None) == "channels_first"
    places = shape if transposed else places
    spatial = places[2:] if channels_first else places[1:-1]
    entries = sum(
        math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 1
    )
    return 2 * entries * math.prod(spatial)


def deviation(
    model: keras.Model,
    inputs: Any,
    group: PointGroup,
    data_format: str = "channels_last",
    of_outputs: Sequence[str] = (),
) -> float:
    """A network's largest deviation from invariance, or of maps from equivariance.

    Args:
        model: `keras.Model`.
        inputs: Array, or a structure of arrays; those of 4 axes are transformed.
        group: `PointGroup`.
        data_format: String, of images, and of maps unless `of_outputs` says otherwise.
        of_outputs: Sequence of strings, one for each output; or empty.

    Returns:
        Float, relative to the outputs; the largest of all outputs and elements.
    """
    first = [
        _channels_last(np.asarray(each), data_format)
        for each in keras.tree.flatten(inputs)
    ]

    def outputs(arrays) -> list[Array]:
        parts = [
            of_batch([array[start : start + BATCH] for array in arrays])
            for start in range(0, len(arrays[0]), BATCH)
        ]
        return [np.concatenate(each) for each in zip(*parts)]

    def of_batch(arrays) -> list[Array]:
        if data_format == "channels_first":
            arrays = [np.moveaxis(x, -1, 1) if x.ndim == 4 else x for x in arrays]
        packed = keras.tree.pack_sequence_as(inputs, arrays)
        with unchanged(model):
            found = keras.tree.flatten(model(packed, training=False))
        # Squares of float16 would overflow.
        found = [keras.ops.convert_to_numpy(each).astype("float64") for each in found]
        formats = of_outputs or [data_format] * len(found)
        return list(map(_channels_last, found, formats))

    expected, largest = outputs(first), 0.0
    for each in transformations_of(group):
        moved = [each.inputs(x) if x.ndim == 4 else x for x in first]
        for found, wanted in zip(outputs(moved), expected):
            largest = max(largest, relative(*each.compared(found, wanted)))
    return largest


def _channels_last(array, data_format) -> Array:
    """Images or maps with their channels last."""
    moved = array.ndim == 4 and data_format == "channels_first"
    return np.moveaxis(array, 1, -1) if moved else array
