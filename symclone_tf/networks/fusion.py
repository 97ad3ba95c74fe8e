"""Layers with fixed kernels, as plain Keras layers in their cheapest form."""

import math

import keras
import numpy as np
from keras import layers, ops

from symclone_tf.networks.fused_forms import (
    FusedLayer,
    cheapest,
    costs,
    is_depthwise,
    lacking,
)
from symclone_tf.students import artifact_name, relative_receptive_field

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
        layer: `ClonedConv2D` or `Cloned`, built.

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
    kernel = _ungrouped(layer)
    channels, filters = kernel.shape[-2:]
    found = costs(student, channels, filters, layer.use_bias, layer.groups)
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
    model = _assembled(layer, channels, make(layer, kernel))
    why = lacking(student, found, layer.compute)
    return FusedLayer(
        model, form, found, artifact_name(student), channels, filters, why
    )


def _ungrouped(layer):
    """The layer's kernel, with zeros between channels of different groups."""
    kernel = ops.convert_to_numpy(layer.kernel)
    if layer.groups == 1:
        return kernel
    channels, filters = kernel.shape[-2:]
    shared = filters // layer.groups
    whole = np.zeros((*kernel.shape[:-2], layer.groups, channels, filters), "float32")
    for group in range(layer.groups):
        mine = slice(group * shared, (group + 1) * shared)
        whole[..., group, :, mine] = kernel[..., mine]
    return whole.reshape(*kernel.shape[:-2], -1, filters)


def _assembled(layer, channels, body) -> keras.Model:
    """A model of layers with their weights' values, from images to features."""
    image, kernel = layer.student.input_shapes((channels,), (layer.filters,))
    features = layer.student.compute_output_shape((None, *image), kernel)[1:]
    first, last = [], []
    if layer.data_format == "channels_first":
        axes = range(1, len(image) + 1), range(1, len(features) + 1)
        first = [layers.Permute((*axes[0][1:], 1))]
        last = [layers.Permute((axes[1][-1], *axes[1][:-1]))]
        image = (image[-1], *image[:-1])
    model = keras.Sequential(
        [
            keras.Input(image, name="image"),
            *first,
            *(part for part, _ in body),
            layers.Reshape(features),
            *last,
            layers.Activation(layer.activation),
        ]
    )
    for part, values in body:
        for weight, value in zip(part.weights, values, strict=True):
            # One bias a filter becomes one a map, or one a point.
            weight.assign(np.resize(value, weight.shape))
    return model


def _convolution(layer, kernel):
    """The convolution that blocks are which do the same everywhere."""
    student, window = layer.student, relative_receptive_field(layer.student.teacher)
    if (along := _along_one_axis(student.teacher, window)) is not None:
        bank = student.convolution_kernel(kernel)[:, 0]
        convolution = layers.Conv1D(
            bank.shape[-1],
            bank.shape[0],
            **along,
            use_bias=layer.use_bias,
            name="convolution",
        )
        return [(convolution, [bank, *_bias(layer)])]
    representation_in = student.teacher.representation_in * kernel.shape[-2]
    options = {
        "strides": window.strides,
        "padding": window.padding_name or "valid",
        "data_format": "channels_last",
        "dilation_rate": window.dilation_rate,
        "use_bias": layer.use_bias,
        "name": "convolution",
    }
    if is_depthwise(student, kernel.shape[-2], layer.groups):
        bank = student.convolution_kernel(layer.kernel)
        shape = (*bank.shape[:2], layer.groups, layer.filters // layer.groups)
        bank = ops.reshape(bank, shape)
        options["depth_multiplier"] = shape[-1]
        convolution = layers.DepthwiseConv2D(shape[:2], **options)
    else:
        bank = student.convolution_kernel(kernel)
        convolution = layers.Conv2D(bank.shape[-1], bank.shape[:2], **options)
    padding = layers.ZeroPadding2D(window.padding, "channels_last")
    return [
        (layers.Reshape((*window.grid, representation_in)), []),
        *([] if window.padding_name else [(padding, [])]),
        (convolution, [bank, *_bias(layer)]),
    ]


def _along_one_axis(teacher, window) -> dict | None:
    """What a `Conv1D` is made with that sees through a window; `None` if none does."""
    alone = (
        teacher.representation_in
        == teacher.representation_out
        == 1
        == len(teacher.input_shape)
    )
    causal = window.padding == ((window.kernel.shape[0] - 1, 0), (0, 0))
    padding = window.padding_name or ("causal" if causal else None)
    if not alone or padding is None or len(teacher.output_shape) != 1:
        return None
    return {
        "strides": window.strides[0],
        "padding": padding,
        "data_format": "channels_last",
        "dilation_rate": window.dilation_rate[0],
    }


def _dense(layer, kernel):
    """One matrix from all input points to all output points."""
    student = layer.student
    image, _ = student.input_shapes(kernel.shape[-2:-1])
    features = student.compute_output_shape((None, *image), kernel.shape)[1:]
    dense = layers.Dense(math.prod(features), use_bias=layer.use_bias)
    impulses = np.eye(math.prod(image), dtype="float32").reshape(-1, *image)
    rows = [
        np.asarray(student(impulses[start : start + CHUNK], kernel))
        for start in range(0, len(impulses), CHUNK)
    ]
    matrix = np.concatenate(rows).reshape(len(impulses), -1)
    return [(layers.Flatten("channels_last"), []), (dense, [matrix, *_bias(layer)])]


def _mixed_last(layer, kernel):
    """The blocks for every map of the inputs, then one product that mixes."""
    student, teacher = layer.student, layer.student.teacher
    maps = teacher.representation_in * kernel.shape[-2]
    mixing = layers.Dense(
        teacher.representation_out * layer.filters,
        use_bias=layer.use_bias,
        name="mixing",
    )
    return [
        (layers.Reshape((teacher.positions_in, maps)), []),
        (layers.Permute((2, 1)), []),
        *student.plain_blocks(maps),
        (layers.Permute((2, 1)), []),
        (mixing, [student.coefficients(kernel), *_bias(layer)]),
    ]


def _mixed_first(layer, kernel):
    """One product that mixes the inputs, then all blocks in another."""
    student, teacher = layer.student, layer.student.teacher
    points, blocks = teacher.positions_in, student.blocks
    representation_in, representation_out = (
        maps * count
        for maps, count in zip(
            (teacher.representation_in, teacher.representation_out), kernel.shape[-2:]
        )
    )
    mixing = layers.Dense(blocks * representation_out, use_bias=False, name="mixing")
    return [
        (layers.Reshape((points, representation_in)), []),
        (mixing, [student.coefficients(kernel)]),
        (layers.Reshape((points, blocks, representation_out)), []),
        (layers.Permute((3, 1, 2)), []),
        (layers.Reshape((representation_out, points * blocks)), []),
        *student.plain_sum(representation_out, tuple(_bias(layer))),
    ]


def _bias(layer) -> list:
    return [layer.bias] if layer.use_bias else []
