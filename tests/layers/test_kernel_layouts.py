"""What a kernel is trained with is the same in a clone's layout, or refused."""

import keras
import numpy as np
import pytest
from untied import built

from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.layers.conversion import teacher_of
from symclone_tf.layers.kernel_layouts import (
    check_layout,
    depthwise_kernel,
    kernel_of,
    transposed_kernel,
)

from clones import solved

SHAPE = (6, 6, 2)
KINDS = {
    "Conv2DTranspose": "kernel",
    "DepthwiseConv2D": "depthwise",
    "SeparableConv2D": "depthwise",
}


def layer_of(kind, **options):
    if kind == "DepthwiseConv2D":
        layer = keras.layers.DepthwiseConv2D(3, **options)
        layer.build((None, *SHAPE))
        return layer
    return built(kind, SHAPE, **options)


def test_the_filters_of_a_channel_stand_side_by_side():
    kernel = np.arange(12).reshape(1, 1, 3, 4)  # of three channels, four filters each
    np.testing.assert_array_equal(depthwise_kernel(kernel)[0, 0, 0], np.arange(12))


def test_transposed_kernels_have_channels_before_filters(rng):
    kernel = rng.normal(size=(3, 2, 4, 5))
    np.testing.assert_array_equal(
        transposed_kernel(kernel), np.einsum("abfc->abcf", kernel)
    )
    layer = built("Conv2DTranspose", (6, 6, 4), filters=5)
    assert kernel_of(layer).shape == (3, 3, 4, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_what_treats_single_entries_is_accepted(kind):
    part = KINDS[kind]
    for options in (
        {f"{part}_regularizer": keras.regularizers.L1L2(0.1, 0.2)},
        {f"{part}_constraint": "non_neg"},
        {f"{part}_constraint": keras.constraints.MaxNorm(2, axis=(0, 1))},
    ):
        check_layout(layer_of(kind, **options))


def by_filter(kernel):
    return keras.ops.sum(keras.ops.max(keras.ops.abs(kernel), axis=(0, 1, 2)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("constraint", keras.constraints.MaxNorm(2, axis=(0, 1, 2))),
        ("regularizer", by_filter),
    ],
)
def test_norms_along_axes_that_differ_are_refused(kind, name, value):
    name = f"{KINDS[kind]}_{name}"
    layer = layer_of(kind, **{name: value})
    with pytest.raises(ValueError, match=f"its {name} depends on the order") as caught:
        teacher_of(layer, (None, *SHAPE))
    assert "\n" not in str(caught.value)


def test_the_kernels_of_other_convolutions_stay_as_they_are():
    constraint = keras.constraints.MaxNorm(2, axis=(0, 1, 2))
    layer = built("Conv2D", SHAPE, kernel_constraint=constraint)
    check_layout(layer)
    cloned = ClonedConv2D.from_conv(layer, solved("t2"))
    assert cloned.kernel.constraint is constraint
