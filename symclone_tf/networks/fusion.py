"""Clones with fixed kernels, fused into built-in Keras layers of the cheapest form."""

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from symclone_tf.layers import Cloned, ClonedSeparableConv2D
from symclone_tf.networks.clone_sizes import at_size, sizes_of
from symclone_tf.networks.fused_forms import (
    Cost,
    FusedLayer,
    cheapest,
    costs,
    lacking,
)
from symclone_tf.networks.plain_layers import (
    FixedKernel,
    blocks_and_mixing,
    convolution,
    matrix,
)
from symclone_tf.networks.plain_regions import regional_convolutions
from symclone_tf.students import RegionalStudent, artifact_name
from symclone_tf.types import Shape

ANY_SIZE = "takes images of any size"
LAYERS = {
    "convolution": convolution,
    "regions": regional_convolutions,
    "factored": blocks_and_mixing,
    "dense": matrix,
}


def fuse(
    layer: Cloned | ClonedSeparableConv2D,
    image_size: int | tuple[int, ...] | list[int] | None = None,
) -> FusedLayer:
    """Fuses a layer's student, kernel and bias into built-in Keras layers.

    Translation equivariant blocks become one convolution, or one transposed
    convolution, unless the layer has `compute="blocks"`; a separable layer with such
    blocks becomes one `SeparableConv2D`, and with others their form and then a 1×1
    convolution. Other blocks of a `RegionalStudent` become a convolution for each
    region, where the layer computes so: small regions with many filters do not. Other
    blocks remain, with mixing coefficients in place of the encoder and the kernel:
    after the blocks, or before them where that takes fewer operations. One Dense layer
    replaces any of these where it takes both fewer operations and fewer bytes, as it
    does for linear blocks with fewer output feature maps than blocks.

    Args:
        layer: `ClonedConv2D`, `ClonedSeparableConv2D` or `Cloned`, built.
        image_size: Integer, or one for each axis, the size of inputs, of layers that
            take any, as those of a `RegionalStudent` do; `None` for the size that the
            layer was built for. A layer that was built for any size is fused for any
            if it is one convolution of images.

    Returns:
        `FusedLayer`.

    Raises:
        ValueError: If the layer is not built, its student has no plain form, or
            `image_size` is not accepted, or missing.

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
    return fuse_at(layer, sizes_of(layer, image_size))


def fuse_at(
    layer: Cloned | ClonedSeparableConv2D, sizes: Shape, several: bool = False
) -> FusedLayer:
    """Fuses a layer, see `fuse`, for inputs of given sizes.

    Args:
        layer: See `fuse`.
        sizes: Tuple, the sizes along each free axis of the student, `None` for any.
        several: Boolean, whether these are several sizes, rather than any.

    Returns:
        `FusedLayer`.

    Raises:
        ValueError: See `fuse`.
    """
    cloned, pointwise = layer, None
    if isinstance(layer, ClonedSeparableConv2D):
        cloned, pointwise = layer.depthwise, layer.pointwise
    fixed = FixedKernel(
        at_size(layer.student, sizes),
        ops.convert_to_numpy(cloned.kernel),
        tuple(_bias(cloned)),
        cloned.groups,
        sizes,
    )
    found = _available(fixed, cloned)
    reason = lacking(fixed.student, found, cloned.compute)
    if None in sizes:
        takes = "is called with images of several sizes" if several else ANY_SIZE
        found = _of_any_size(fixed, found, f"Layer {layer.name!r} {takes}", reason)
    form = cheapest(_worthwhile(fixed, found))
    body: list[Any] = list(LAYERS[form](fixed))
    after: list[Any] = []
    if pointwise is not None:
        added = _pointwise_cost(fixed.student, pointwise)
        found = {name: cost + added for name, cost in found.items()}
        body, after = _with_pointwise(body, pointwise)
    model = _assembled(fixed, body, after, layer)
    name = artifact_name(layer.student)
    return FusedLayer(model, form, found, name, fixed.channels, layer.filters, reason)


def _available(fixed, layer) -> dict[str, Cost]:
    """The costs of the forms that a layer has."""
    student = fixed.student
    found = costs(
        student, fixed.channels, fixed.filters, bool(fixed.bias), fixed.groups
    )
    if layer.compute == "blocks":
        found.pop("convolution", None)
    if not found:
        raise ValueError(
            "The layer's student has no plain form: its blocks are not linear, and it "
            f"has no `plain_blocks`. Received: student of type {type(student).__name__}"
        )
    return found


def _of_any_size(fixed, found, takes, reason) -> dict[str, Cost]:
    """The form of a layer that takes images of any size: one convolution of images."""
    teacher = fixed.student.teacher
    on_group = max(teacher.representation_in, teacher.representation_out) > 1
    if "convolution" in found and not on_group:
        return {"convolution": found["convolution"]}
    why = "it reshapes feature maps on a group" if on_group else reason
    advice = ": pass `image_size`" if takes.endswith(ANY_SIZE) else ""
    raise ValueError(
        f"{takes}, and has a plain form for one size only{advice}. Received: a layer "
        f"that is not fused as one convolution of images ({why})"
    )


def _worthwhile(fixed, found) -> dict[str, Cost]:
    """The forms among which costs decide.

    Operations and bytes do not show that small regions with many filters are cheaper
    as blocks: the layer decides by the same rule how it computes.
    """
    student, channels = fixed.student, fixed.channels
    if {"regions", "factored"} <= set(found) and isinstance(student, RegionalStudent):
        within = fixed.kernel.shape[-2] if fixed.groups == channels else channels
        if not student.convolves(channels, within, fixed.filters):
            return {form: cost for form, cost in found.items() if form != "regions"}
    return found


def _assembled(fixed, body, after, layer) -> keras.Model:
    """A model of pairs of a layer and its weights' values, from images to features.

    `body` takes channels last; `after`, as `layer` does.
    """
    image, features = fixed.image_shape, fixed.feature_shape
    first, last = [], []
    if layer.data_format == "channels_first":
        axes = range(1, len(image) + 1), range(1, len(features) + 1)
        first = [layers.Permute((*axes[0][1:], 1))]
        last = [layers.Permute((axes[1][-1], *axes[1][:-1]))]
        image = (image[-1], *image[:-1])
    model = keras.Sequential([keras.Input(image, name="image")])
    for part in [*first, *(part for part, _ in body)] if body else []:
        model.add(part)
    if body and tuple(model.output_shape[1:]) != features:
        model.add(layers.Reshape(features))
    for part in [*(last if body else []), *(part for part, _ in after)]:
        model.add(part)
    model.add(layers.Activation(layer.activation))
    for part, values in (*body, *after):
        for weight, value in zip(part.weights, values, strict=True):
            # One bias per filter becomes one per feature map, or one per position.
            value = ops.convert_to_numpy(value)
            weight.assign(np.resize(value, weight.shape))
    return model


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
    # Without a layer before it that pads.
    if multiplier and not first and len(set(last.strides)) == 1:
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


def _bias(layer) -> list:
    return [ops.convert_to_numpy(layer.bias)] if layer.use_bias else []
