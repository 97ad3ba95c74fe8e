"""The convolution layers of a network, those of nested models included."""

import collections

import keras

from symclone_tf.layers import (
    Cloned,
    ClonedAttention,
    ClonedSeparableConv2D,
    Deviation,
    OrbitDense,
    UntiedGroupConv2D,
)
from symclone_tf.layers.conversion import SUPPORTED

# Layers of this package whose weights are not untied, or are so already.
OTHERS = (OrbitDense, UntiedGroupConv2D)


def convolution_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The convolution layers of a model, in order, those of nested models included.

    Args:
        model: `keras.Model`, built.

    Returns:
        List of `Conv2D`, `DepthwiseConv2D`, `SeparableConv2D`, `GroupConv2D`,
        `UntiedGroupConv2D`, `Conv1D`, `Conv3D`, transposed convolutions,
        `OrbitDense`, and their clones.

    Example:

    >>> model = keras.Sequential([keras.Input((8, 8, 1)), GroupConv2D(2, 3, "c4")])
    >>> [layer.filters for layer in convolution_layers(model)]
    [2]
    """
    found: dict[int, keras.layers.Layer] = {}
    _collect(model, found, set())
    return list(found.values())


def _collect(layer, found, seen) -> None:
    """Adds convolutions by identity, depth first, so that they come in order."""
    # A separable clone is one convolution, as the layer that it replaces is.
    kinds = (*SUPPORTED, *OTHERS, Cloned, ClonedSeparableConv2D)
    seen.add(id(layer))
    for part in layer._flatten_layers(include_self=False, recursive=False):
        if isinstance(part, kinds):
            found.setdefault(id(part), part)
        elif id(part) not in seen:
            _collect(part, found, seen)


def _attention(model) -> list[keras.layers.Layer]:
    layers = model._flatten_layers(include_self=False)
    return [layer for layer in layers if isinstance(layer, ClonedAttention)]


def with_names(
    layers: list[keras.layers.Layer],
) -> list[tuple[str, keras.layers.Layer]]:
    """Pairs layers with their names or, where several share one, their paths."""
    counts = collections.Counter(layer.name for layer in layers)
    return [
        (layer.name if counts[layer.name] == 1 else layer.path, layer)
        for layer in layers
    ]


def deviations(model: keras.Model) -> dict[str, Deviation]:
    """How far the anchored layers of a model deviate from their cloned weights.

    Args:
        model: `keras.Model`, of any kind.

    Returns:
        Dictionary from layer names to `Deviation`s, in the model's order; where
        layers of nested models share a name, from their paths.

    Example:

    >>> student, _ = clone("t2", image_size=6, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(1, student, "anchored", name="edges")
    >>> model = keras.Sequential([keras.Input((6, 6, 1)), layer])
    >>> {name: found.norm for name, found in deviations(model).items()}
    {'edges': 0.0}
    >>> student.set_weights([1.1 * weights for weights in student.get_weights()])
    >>> round(deviations(model)["edges"].norm, 2)  # a tenth of blocks and of encoder
    0.14
    """
    return {
        name: layer.deviation()
        for name, layer in with_names([*convolution_layers(model), *_attention(model)])
        if getattr(layer, "anchors", ())
    }
