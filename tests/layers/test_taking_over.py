"""Layers take over the kernels of trained convolutions, and arrays."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

import symclone_tf as sc
from symclone_tf.layers.cloned_conv2d import ClonedConv2D

from clones import relative, solved
from drawn import windows


def test_takes_over_keras_own_convolution(rng):
    layer = keras.layers.Conv2D(4, 3, activation="relu", name="first")
    inputs = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    layer.build(inputs.shape)
    cloned = ClonedConv2D.from_conv(layer, solved("t2"), symmetry="trainable")
    assert relative(cloned(inputs), layer(inputs)) < 1e-3
    assert (cloned.name, cloned.symmetry) == ("first", "trainable")


@pytest.mark.parametrize(
    "options",
    [{"strides": 2}, {"dilation_rate": 2}, {"strides": 2, "padding": "same"}],
)
def test_takes_over_strided_and_dilated_convolutions(rng, options):
    layer = keras.layers.Conv2D(4, 3, activation="relu", **options)
    inputs = rng.normal(size=(2, 8, 8, 3)).astype("float32")
    layer.build(inputs.shape)
    teacher = sc.ConvTeacher("t2", 8, **options)
    student, _ = sc.clone(teacher, student="local", solver="closed-form", verbose=0)
    cloned = ClonedConv2D.from_conv(layer, student)
    assert relative(cloned(inputs), layer(inputs)) < 1e-5


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.Conv2D(2, 5), r"kernel_size.*\(5, 5\)"),
        (keras.layers.Conv2D(2, 3, padding="same"), "padding.*same"),
        (keras.layers.Conv2D(2, 3, strides=2), r"strides.*\(2, 2\)"),
        (keras.layers.Conv2D(2, 3, dilation_rate=2), r"dilation_rate.*\(2, 2\)"),
        (sc.GroupConv2D(2, 3, "c4"), "group.*c4"),
        (keras.layers.Conv2DTranspose(2, 3), "layer of type Conv2DTranspose"),
        (keras.layers.DepthwiseConv2D(3), "layer of type DepthwiseConv2D"),
        (keras.layers.Dense(3), "layer of type Dense"),
    ],
)
def test_convolutions_that_the_student_does_not_imitate_are_refused(layer, message):
    layer.build((None, 6, 6, 1))
    with pytest.raises(ValueError, match=message):
        ClonedConv2D.from_conv(layer, solved("t2"))


def test_convolution_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match=r"not built has no kernel.*'fresh'"):
        ClonedConv2D.from_conv(keras.layers.Conv2D(2, 3, name="fresh"), solved("t2"))


def test_takes_over_how_a_convolution_is_trained():
    conv = keras.layers.Conv2D(
        *(2, 3),
        use_bias=False,
        kernel_regularizer="l2",
        kernel_constraint="non_neg",
        trainable=False,
        dtype="mixed_bfloat16",
    )
    conv.build((None, 6, 6, 1))
    cloned = ClonedConv2D.from_conv(conv, solved("t2"))
    assert (
        cloned.kernel_regularizer.get_config() == conv.kernel_regularizer.get_config()
    )
    assert cloned.kernel.constraint is conv.kernel_constraint
    assert cloned.trainable_weights == []
    assert cloned.dtype_policy.name == "mixed_bfloat16"
    thawed = ClonedConv2D.from_conv(
        conv, solved("t2"), trainable=True, kernel_regularizer=None, use_bias=True
    )
    assert len(thawed.trainable_weights) == 2
    assert thawed.losses == []


def test_bias_can_be_left(rng):
    conv = keras.layers.Conv2D(2, 3, bias_initializer="ones")
    images = rng.normal(size=(2, 6, 6, 1)).astype("float32")
    expected = conv(images) - 1
    bare = ClonedConv2D.from_conv(conv, solved("t2"), use_bias=False)
    assert relative(bare(images), expected) < 1e-3


def test_convolution_of_images_with_channels_first_is_refused():
    layer = keras.layers.Conv2D(2, 3, data_format="channels_first")
    layer.build((None, 1, 6, 6))
    with pytest.raises(ValueError, match=r"data_format.*channels_first"):
        ClonedConv2D.from_conv(layer, solved("t2"))


def test_kernel_of_feature_maps_is_refused_by_a_lifting_student():
    layer = sc.GroupConv2D(2, 3, "c4")
    layer.build((None, 6, 6, 4, 1))
    with pytest.raises(
        ValueError, match=r"\(3, 3, channels, filters\).*\(3, 3, 4, 1, 2\)"
    ):
        ClonedConv2D.from_conv(layer, solved("c4"))


@pytest.mark.parametrize(
    ("kernel", "bias", "message"),
    [
        (np.ones((3, 3)), None, r"takes kernel of shape .*\(3, 3\)"),
        (np.ones(()), None, r"takes kernel of shape .*\(\)"),
        (np.ones((3, 3, 4, 1, 2)), None, r"takes kernel of shape .*\(3, 3, 4, 1, 2\)"),
        (np.ones((3, 3, 0, 2)), None, r"`kernel` must be .*\(3, 3, 0, 2\)"),
        (np.full((3, 3, 1, 2), np.nan), None, "`kernel` must be finite"),
        (np.ones((3, 3, 1, 2), complex), None, "`kernel` must be .* complex128"),
        (np.ones((3, 3, 1, 2)), np.ones(3), r"`bias` must have shape \(2,\).*\(3,\)"),
        (np.ones((3, 3, 1, 2)), np.array([1, np.inf]), "`bias` must be finite"),
    ],
)
def test_arrays_that_cannot_be_weights_are_refused(kernel, bias, message):
    with pytest.raises(ValueError, match=message):
        ClonedConv2D.from_kernel(kernel, solved("c4"), bias)


def test_takes_over_arrays(rng):
    kernel, bias = rng.normal(size=(3, 3, 2, 5)), rng.normal(size=5)
    layer = ClonedConv2D.from_kernel(kernel, solved("c4"), bias, activation="relu")
    inputs = rng.normal(size=(2, 6, 6, 2)).astype("float32")
    answers = sc.group_conv2d(inputs, kernel.astype("float32"), "c4") + bias
    assert relative(layer(inputs), np.maximum(answers, 0)) < 1e-3
    assert not ClonedConv2D.from_kernel(kernel, solved("c4")).use_bias


@pytest.mark.parametrize(
    "student", ["local", pytest.param("dense", marks=pytest.mark.slow)]
)
def test_answers_and_gradients_are_those_of_keras_own_convolution(student):
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(windows())
    def check(window):
        size, kernel, padding, strides, dilation = window
        options = {"strides": strides, "dilation_rate": dilation, "padding": padding}
        conv = keras.layers.Conv2D(3, kernel, activation="tanh", **options)
        rng = np.random.default_rng(0)
        inputs = tf.constant(rng.normal(size=(2, size, size, 2)), tf.float32)
        conv.build(inputs.shape)
        conv.bias.assign(rng.normal(size=3))
        teacher = sc.ConvTeacher("t2", size, kernel, **options)
        clone = sc.students.make_student(student, teacher, dtype="float32")
        sc.cloning.solve(clone)
        cloned = ClonedConv2D.from_conv(conv, clone)
        for mine, theirs in zip(answer(cloned, inputs), answer(conv, inputs)):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-3)

    check()


def answer(layer, inputs):
    """Outputs, and the gradients of inputs, kernel and bias."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
        loss = tf.reduce_sum(tf.square(outputs - 1.0))
    wanted = [inputs, layer.kernel.value, layer.bias.value]
    return [outputs, *tape.gradient(loss, wanted)]
