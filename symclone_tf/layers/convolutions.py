"""The convolutions of a model, wherever in it they are."""

import keras

from symclone_tf.layers import OrbitDense
from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.conversion import CONV_1D_3D, CONVOLUTIONS


def convolution_layers(model) -> list[keras.layers.Layer]:
    """A model's convolution layers, in order, those of nested models included.

    Args:
        model: `keras.Model`, built.

    Returns:
        List of `Conv2D`, `DepthwiseConv2D`, `GroupConv2D`, `ClonedConv2D`, `Conv1D`,
        `Conv3D`, `OrbitDense` and `Cloned` layers.

    Example:

    >>> model = keras.Sequential([keras.Input((8, 8, 1)), GroupConv2D(2, 3, "c4")])
    >>> [layer.filters for layer in convolution_layers(model)]
    [2]
    """
    found = {}
    _collect(model, found, set())
    return list(found.values())


def _collect(layer, found, seen) -> None:
    """Adds convolutions by identity, depth first, so that they come in order."""
    kinds = (*CONVOLUTIONS, *CONV_1D_3D, OrbitDense, Cloned)
    seen.add(id(layer))
    for part in layer._flatten_layers(include_self=False, recursive=False):
        if isinstance(part, kinds):
            found.setdefault(id(part), part)
        elif id(part) not in seen:
            _collect(part, found, seen)
