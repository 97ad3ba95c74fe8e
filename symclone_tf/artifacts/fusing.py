"""Layers with fixed kernels, as plain Keras layers in their cheapest form."""

import math

import keras
import numpy as np
from keras import layers

from symclone_tf.artifacts.exporting import artifact_name
from symclone_tf.artifacts.forms import FusedLayer, cheapest, costs, lacking
from symclone_tf.students import window_of

# How many unit impulses to put through a layer at once.
CHUNK = 256


def fuse(layer) -> FusedLayer:
    """Bakes a layer's kernel and bias into plain Keras layers.

    Blocks that do the same everywhere become one convolution, unless the layer was
    made with `compute="blocks"`; other blocks stay, with mixing coefficients in
    the place of the encoder and the kernel: after the blocks, or before them
    where that takes fewer operations. One Dense layer takes the place of either
    where that takes both fewer operations and fewer bytes: so it does for linear
    blocks with fewer output maps than blocks.

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
    'convolution'
    """
    if not layer.built:
        raise ValueError(
            f"The layer must be built, and so have a kernel. Received: {layer.name}"
        )
    student = layer.student
    channels, filters = layer.kernel.shape[-2:]
    found = costs(student, channels, filters, layer.use_bias)
    if layer.compute == "blocks":
        found.pop("convolution", None)
    if not found:
        raise ValueError(
            "The layer's student has no plain form: its blocks are not linear, and it "
            f"has no `plain_blocks`. Received: student of type {type(student).__name__}"
        )
    form = cheapest(found)
    if form == "factored":
        make = _mixed_first if student.mixes_inputs(channels, filters) else _mixed_last
    else:
        make = {"convolution": _convolution, "dense": _dense}[form]
    model = _assembled(layer, channels, make(layer, channels))
    why = lacking(student, found, layer.compute)
    return FusedLayer(model, form, found, artifact_name(student), why)


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


def _convolution(layer, channels):
    """The convolution that blocks are which do the same everywhere."""
    student, window = layer.student, window_of(layer.student.teacher)
    teacher = student.teacher
    bank = student.convolution_kernel(layer.kernel)
    convolution = layers.Conv2D(
        teacher.maps_out * layer.filters,
        bank.shape[:2],
        window.strides,
        window.padding_name or "valid",
        "channels_last",
        window.dilation_rate,
        use_bias=layer.use_bias,
        name="convolution",
    )
    padding = layers.ZeroPadding2D(window.padding, "channels_last")
    return [
        (layers.Reshape((*window.grid, teacher.maps_in * channels)), []),
        *([] if window.padding_name else [(padding, [])]),
        (convolution, [bank, *_bias(layer)]),
    ]


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
