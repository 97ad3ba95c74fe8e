"""The forms of a layer with a fixed kernel, as layers of Keras."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.networks.plain_layers import FixedKernel, convolution, matrix
from symclone_tf.teachers import TranslationConvTeacher

from clones import solved
from regional_layers import trained


def fixed_of(teacher, rng, channels=2, filters=4, groups=1, sizes=None):
    student, _ = sc.clone(teacher, student="regional", solver="closed-form", verbose=0)
    shape = (*student.input_shapes()[1], channels // groups, filters)
    kernel = rng.normal(size=shape).astype("float32")
    bias = rng.normal(size=filters).astype("float32")
    own = teacher.input_shape[: student.free_axes]
    return FixedKernel(student, kernel, (bias,), groups, sizes or own)


def names(parts):
    return [type(part).__name__ for part, _ in parts]


@pytest.mark.parametrize(
    ("teacher", "groups", "expected"),
    [
        (sc.ConvTeacher("t2", 6), 1, ["Conv2D"]),
        (sc.ConvTeacher("t2", 6), 2, ["DepthwiseConv2D"]),
        (sc.ConvTeacher("t2", (6, 7), strides=(1, 2)), 2, ["Conv2D"]),
        (sc.ConvTeacher("c4", 6, lifting=False), 1, ["Reshape", "Conv2D"]),
        (TranslationConvTeacher(9), 1, ["Conv1D"]),
        (TranslationConvTeacher((4, 5, 6), padding="same"), 1, ["Conv3D"]),
    ],
)
def test_convolutions_are_those_of_keras(rng, teacher, groups, expected):
    parts = convolution(fixed_of(teacher, rng, groups=groups))
    assert names(parts) == expected
    *_, (layer, (bank, bias)) = parts
    assert layer.padding == teacher.padding
    assert bank.shape[: len(teacher.windows)] == layer.kernel_size
    assert bias.shape == (4,)


def test_a_causal_convolution_needs_no_layer_that_pads(rng):
    teacher = TranslationConvTeacher(12, padding="causal", dilation_rate=2)
    fixed = fixed_of(teacher, rng)
    ((layer, values),) = convolution(fixed)
    assert (layer.padding, layer.dilation_rate) == ("causal", (2,))
    signals = rng.normal(size=(3, 12, 2)).astype("float32")
    layer.build(signals.shape)
    layer.set_weights(values)
    expected = teacher(signals, fixed.kernel) + fixed.bias[0]
    np.testing.assert_allclose(layer(signals), expected, atol=1e-4)


def test_zeros_are_between_channels_of_different_groups(rng):
    fixed = fixed_of(sc.ConvTeacher("t2", 6), rng, channels=6, filters=4, groups=2)
    images = rng.normal(size=(1, 6, 6, 6)).astype("float32")
    grouped = keras.ops.conv(images[..., :3], fixed.kernel[..., :2])
    whole = keras.ops.conv(images, fixed.whole_kernel)
    assert fixed.whole_kernel.shape == (3, 3, 6, 4)
    assert np.count_nonzero(fixed.whole_kernel) == fixed.kernel.size
    np.testing.assert_allclose(whole[..., :2], grouped, atol=1e-5)


def test_shapes_are_unknown_where_sizes_are(rng):
    fixed = fixed_of(sc.ConvTeacher("t2", 6), rng, sizes=(None, 9))
    assert fixed.image_shape == (None, 9, 2)
    assert fixed.feature_shape == (None, 7, 4)
    known = FixedKernel(solved("c4"), np.ones((3, 3, 2, 5)), (), 1, ())
    assert known.image_shape == (6, 6, 2)
    assert known.feature_shape == (4, 4, 4, 5)


def test_a_matrix_has_the_outputs_for_each_unit_impulse(rng):
    student = trained(sc.ConvTeacher("t2", 4), rng)
    kernel = rng.normal(size=(3, 3, 1, 2)).astype("float32")
    (_, (_, (values,))) = matrix(FixedKernel(student, kernel, (), 1, (4, 4)))
    images = rng.normal(size=(3, 4, 4, 1)).astype("float32")
    outputs = images.reshape(3, -1) @ values
    np.testing.assert_allclose(
        outputs, np.reshape(student(images, kernel), (3, -1)), atol=1e-5
    )
