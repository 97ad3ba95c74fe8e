"""Clones with fixed kernels, fused into built-in Keras layers of the cheapest form."""

import math

import keras
import numpy as np
from keras import layers, ops

from symclone_tf.layers import Cloned, ClonedSeparableConv2D
from symclone_tf.networks.fused_forms import (
    Cost,
    FusedLayer,
    cheapest,
    costs,
    is_depthwise,
    lacking,
)
from symclone_tf.students import artifact_name, relative_receptive_field
from symclone_tf.teachers import TransposedConvTeacher

# The batch size for unit impulses, by which a layer's matrix is found.
CHUNK = 256
# By their number of axes.
TRANSPOSED = {
    1: layers.Conv1DTranspose,
    2: layers.Conv2DTranspose,
    3: layers.Conv3DTranspose,
}


def fuse(layer: Cloned | ClonedSeparableConv2D) -> FusedLayer:
    """Fuses a layer's student, kernel and bias into built-in Keras layers.

    Translation equivariant blocks become one convolution, or one transposed
    convolution, unless the layer has `compute="blocks"`; a separable layer with such
    blocks becomes one `SeparableConv2D`, and with others their form and then a 1×1
    convolution. Other blocks remain, with mixing coefficients in place of the
    encoder and the kernel: after the blocks, or before them where that takes fewer
    operations. One Dense layer replaces either where it takes both fewer operations
    and fewer bytes, as it does for linear blocks with fewer output feature maps than
    blocks.

    Args:
        layer: `ClonedConv2D`, `ClonedSeparableConv2D` or `Cloned`, built.

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
    student, pointwise = layer.student, None
    filters, activation = layer.filters, layer.activation
    if isinstance(layer, ClonedSeparableConv2D):
        layer, pointwise = layer.depthwise, layer.pointwise
    kernel = _ungrouped(layer)
    channels = kernel.shape[-2]
    found = costs(student, channels, layer.filters, layer.use_bias, layer.groups)
    if layer.compute == "blocks":
        found.pop("convolution", None)
    if not found:
        raise ValueError(
            "The layer's student has no plain form: its blocks are not linear, and it "
            f"has no `plain_blocks`. Received: student of type {type(student).__name__}"
        )
    form = cheapest(found)
    if form == "factored":
        first = student.mixes_inputs(channels, layer.filters)
        make = _mixed_first if first else _mixed_last
    else:
        make = {"convolution": _convolution, "dense": _dense}[form]
    body, after = make(layer, kernel), []
    if pointwise is not None:
        added = _pointwise_cost(student, pointwise)
        found = {name: cost + added for name, cost in found.items()}
        body, after = _with_pointwise(body, pointwise)
    model = _assembled(layer, body, after, activation)
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


def _assembled(layer, body, after, activation) -> keras.Model:
    """A model of pairs of a layer and its weights' values, from images to features.

    `body` takes channels last; `after`, as `layer` does.
    """
    channels = layer.groups * layer.kernel.shape[-2]
    image, kernel = layer.student.input_shapes((channels,), (layer.filters,))
    features = layer.student.compute_output_shape((None, *image), kernel)[1:]
    first, last = [], []
    if layer.data_format == "channels_first":
        axes = range(1, len(image) + 1), range(1, len(features) + 1)
        first = [layers.Permute((*axes[0][1:], 1))]
        last = [layers.Permute((axes[1][-1], *axes[1][:-1]))]
        image = (image[-1], *image[:-1])
    inner = [*first, *(part for part, _ in body), layers.Reshape(features), *last]
    model = keras.Sequential(
        [
            keras.Input(image, name="image"),
            *(inner if body else []),
            *(part for part, _ in after),
            layers.Activation(activation),
        ]
    )
    for part, values in (*body, *after):
        for weight, value in zip(part.weights, values, strict=True):
            # One bias per filter becomes one per feature map, or one per position.
            weight.assign(np.resize(value, weight.shape))
    return model


def _convolution(layer, kernel):
    """The convolution that translation equivariant blocks compute."""
    student, field = layer.student, relative_receptive_field(layer.student.teacher)
    if isinstance(student.teacher, TransposedConvTeacher):
        return _transposed_convolution(layer, kernel)
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


def _transposed_convolution(layer, kernel):
    """The transposed convolution that translation equivariant blocks compute."""
    teacher = layer.student.teacher
    bank = layer.student.convolution_kernel(kernel)
    convolution = TRANSPOSED[len(teacher.input_shape)](
        layer.filters,
        teacher.kernel_size,
        teacher.strides,
        padding=teacher.padding,
        output_padding=teacher.output_padding,
        data_format="channels_last",
        dilation_rate=teacher.dilation_rate,
        use_bias=layer.use_bias,
        name="convolution",
    )
    return [(convolution, [ops.swapaxes(bank, -1, -2), *_bias(layer)])]


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


def _with_pointwise(body, pointwise):
    """A depthwise part and a 1×1 convolution after it, as one layer if possible.

    Returns:
        Pair of lists, see `_assembled`.
    """
    values = [pointwise.kernel, *_bias(pointwise)]
    options = {"use_bias": pointwise.use_bias, "data_format": pointwise.data_format}
    *first, (last, kernels) = body
    multiplier = getattr(last, "depth_multiplier", None)
    if isinstance(last, layers.Conv2D) and kernels[0].shape[-2] == 1:
        multiplier = last.filters  # of the only channel
    # Without padding before it, of which there is a layer, all before it is a Reshape.
    if multiplier and len(first) == len(set(last.strides)) == 1:
        separable = layers.SeparableConv2D(
            pointwise.filters,
            last.kernel_size,
            last.strides,
            padding=last.padding,
            dilation_rate=last.dilation_rate,
            depth_multiplier=multiplier,
            name="convolution",
            **options,
        )
        return [], [(separable, [*kernels, *values])]
    convolution = layers.Conv2D(pointwise.filters, 1, name="pointwise", **options)
    return body, [(convolution, values)]


def _pointwise_cost(student, pointwise) -> Cost:
    """The cost of a 1×1 convolution after a student's outputs."""
    products = math.prod(pointwise.kernel.shape)
    bias = pointwise.filters if pointwise.use_bias else 0
    return Cost(2 * products * student.teacher.positions_out, 4 * (products + bias))


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
