"""Clones with fixed kernels, fused into built-in Keras layers of the cheapest form."""

import math

import keras
import numpy as np
from keras import layers, ops

from symclone_tf.layers import Cloned
from symclone_tf.networks.fused_forms import (
    FusedLayer,
    cheapest,
    costs,
    is_depthwise,
    lacking,
)
from symclone_tf.students import artifact_name, relative_receptive_field

# The batch size for unit impulses, by which a layer's matrix is found.
CHUNK = 256


def fuse(layer: Cloned) -> FusedLayer:
    """Fuses a layer's student, kernel and bias into built-in Keras layers.

    Translation equivariant blocks become one convolution, unless the layer has
    `compute="blocks"`. Other blocks remain, with mixing coefficients in place of the
    encoder and the kernel: after the blocks, or before them where that takes fewer
    operations. One Dense layer replaces either where it takes both fewer operations
    and fewer bytes, as it does for linear blocks with fewer output feature maps than
    blocks.

    Args:
        layer: `ClonedConv2D` or `Cloned`, built.

    Returns:
        `FusedLayer`.

    Raises:
        ValueError: If the layer is not built, or its student has no plain form.

    Example:

    >>> student, _ = clone("c4", image_size=8, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(1, student)
    >>> layer.build((None, 8, 8, 1))
    >>> fuse(layer).form
    'convolution'
    """
    if not layer.built:
        raise ValueError(
            f"The layer must be built, or it has no kernel. Received: {layer.name}"
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
    reason = lacking(student, found, layer.compute)
    return FusedLayer(
        model, form, found, artifact_name(student), channels, filters, reason
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
        own = slice(group * shared, (group + 1) * shared)
        whole[..., group, :, own] = kernel[..., own]
    return whole.reshape(*kernel.shape[:-2], -1, filters)


def _assembled(layer, channels, body) -> keras.Model:
    """A model of pairs of a layer and its weights' values, from images to features."""
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
            # One bias per filter becomes one per feature map, or one per position.
            weight.assign(np.resize(value, weight.shape))
    return model


def _convolution(layer, kernel):
    """The convolution that translation equivariant blocks compute."""
    student, field = layer.student, relative_receptive_field(layer.student.teacher)
    if (along := _options_of_conv1d(student.teacher, field)) is not None:
        bank = student.convolution_kernel(kernel)[:, 0]
        convolution = layers.Conv1D(
            bank.shape[-1],
            bank.shape[0],
            **along,
            use_bias=layer.use_bias,
            name="convolution",
        )
        return [(convolution, [bank, *_bias(layer)])]
    maps_in = student.teacher.representation_in * kernel.shape[-2]
    options = {
        "strides": field.strides,
        "padding": field.padding_name or "valid",
        "data_format": "channels_last",
        "dilation_rate": field.dilation_rate,
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
    padding = layers.ZeroPadding2D(field.padding, "channels_last")
    return [
        (layers.Reshape((*field.grid, maps_in)), []),
        *([] if field.padding_name else [(padding, [])]),
        (convolution, [bank, *_bias(layer)]),
    ]


def _options_of_conv1d(teacher, field) -> dict | None:
    """Options of the `Conv1D` with a relative receptive field; `None` without one."""
    one_axis = (
        teacher.representation_in
        == teacher.representation_out
        == 1
        == len(teacher.input_shape)
    )
    causal = field.padding == ((field.kernel.shape[0] - 1, 0), (0, 0))
    padding = field.padding_name or ("causal" if causal else None)
    if not one_axis or padding is None or len(teacher.output_shape) != 1:
        return None
    return {
        "strides": field.strides[0],
        "padding": padding,
        "data_format": "channels_last",
        "dilation_rate": field.dilation_rate[0],
    }


def _dense(layer, kernel):
    """One matrix from all input to all output positions."""
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
    """The blocks for every input feature map, then one product that mixes."""
    student, teacher = layer.student, layer.student.teacher
    maps_in = teacher.representation_in * kernel.shape[-2]
    mixing = layers.Dense(
        teacher.representation_out * layer.filters,
        use_bias=layer.use_bias,
        name="mixing",
    )
    return [
        (layers.Reshape((teacher.positions_in, maps_in)), []),
        (layers.Permute((2, 1)), []),
        *student.plain_blocks(maps_in),
        (layers.Permute((2, 1)), []),
        (mixing, [student.coefficients(kernel), *_bias(layer)]),
    ]


def _mixed_first(layer, kernel):
    """One product that mixes the inputs, then all blocks in another."""
    student, teacher = layer.student, layer.student.teacher
    positions, blocks = teacher.positions_in, student.blocks
    channels, filters = kernel.shape[-2:]
    maps_in = teacher.representation_in * channels
    maps_out = teacher.representation_out * filters
    mixing = layers.Dense(blocks * maps_out, use_bias=False, name="mixing")
    return [
        (layers.Reshape((positions, maps_in)), []),
        (mixing, [student.coefficients(kernel)]),
        (layers.Reshape((positions, blocks, maps_out)), []),
        (layers.Permute((3, 1, 2)), []),
        (layers.Reshape((maps_out, positions * blocks)), []),
        *student.plain_sum(maps_out, tuple(_bias(layer))),
    ]


def _bias(layer) -> list:
    return [layer.bias] if layer.use_bias else []
