"""Layers that one backend computes otherwise are named."""

import itertools
import warnings

import keras
import numpy as np
import pytest

from symclone_tf.artifacts.backend_differences import backend_notes
from symclone_tf.artifacts.keras_files import load_network, save_network
from symclone_tf.errors import ArtifactWarning

ON_TORCH = keras.config.backend() == "torch"
LAST = {"data_format": "channels_last"}


def pooled(images, window, stride):
    """Means of what lies in the image, by loops, along both axes alike."""
    size = images.shape[1]
    count = -(-size // stride)
    first = -(max(0, (count - 1) * stride + window - size) // 2)
    starts = [first + stride * i for i in range(count)]
    ranges = [(max(0, i), min(size, i + window)) for i in starts]
    means = [[images[:, a:b, c:d].mean((1, 2)) for c, d in ranges] for a, b in ranges]
    return np.array(means).transpose(2, 0, 1, 3)


def test_poolings_are_named_exactly_where_they_differ(rng):
    differ = 0
    for size, window, stride in itertools.product(
        (5, 6, 7, 8), (1, 2, 3, 4), (1, 2, 3)
    ):
        images = rng.normal(size=(1, size, size, 2)).astype("float32")
        pooling = keras.layers.AveragePooling2D(window, stride, "same", **LAST)
        model = keras.Sequential([keras.Input(images.shape[1:]), pooling])
        found = keras.ops.convert_to_numpy(model(images))
        right = np.allclose(found, pooled(images, window, stride), atol=1e-5)
        assert bool(backend_notes(model)) == (not right), (size, window, stride)
        differ += not right
    assert (differ > 5) == ON_TORCH


def network(*layers, size=6):
    return keras.Sequential([keras.Input((size, size, 2)), *layers])


@pytest.mark.parametrize(
    ("layer", "size", "named"),
    [
        (keras.layers.UpSampling2D(2, interpolation="bicubic", **LAST), 6, True),
        (keras.layers.UpSampling2D(2, interpolation="bilinear", **LAST), 6, False),
        (keras.layers.Resizing(9, 9, "bicubic", **LAST), 6, True),
        (keras.layers.Resizing(9, 9, "bicubic", antialias=True, **LAST), 6, False),
        (keras.layers.AveragePooling2D(3, 2, "same", **LAST), None, True),
        (keras.layers.AveragePooling2D(2, 2, "same", **LAST), None, False),
        (keras.layers.AveragePooling2D(3, 1, "same", **LAST), None, False),
        (keras.layers.AveragePooling2D(3, 2, "valid", **LAST), 6, False),
        (keras.layers.MaxPooling2D(3, 2, "same", **LAST), 6, False),
    ],
)
def test_whoever_loads_a_network_is_told(layer, size, named, tmp_path):
    layer = type(layer).from_config(layer.get_config())
    file = save_network(network(layer, size=size), tmp_path / "network.keras")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_network(file)
    said = [str(w.message) for w in caught if w.category is ArtifactWarning]
    assert len(said) == (named and ON_TORCH)
    for each in said:
        assert each.startswith(f"{file}: On PyTorch, ")
        assert layer.name in each


def test_layers_within_others_are_named_too():
    pooling = keras.layers.AveragePooling2D(3, 2, "same", name="mean", **LAST)
    layers = [keras.Input((2, 6, 6, 1)), keras.layers.TimeDistributed(pooling)]
    assert len(backend_notes(keras.Sequential(layers))) == ON_TORCH


def test_layers_of_nested_networks_are_named_too():
    inner = network(keras.layers.AveragePooling2D(3, 2, "same", name="mean", **LAST))
    (*notes,) = backend_notes(network(inner))
    assert len(notes) == ON_TORCH
    assert all("mean" in note for note in notes)
