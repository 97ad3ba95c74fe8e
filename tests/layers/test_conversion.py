"""Layers take over the kernels of trained convolutions, and of arrays."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings

import symclone_tf as sc
from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.layers.conversion import teacher_of

from cases import later
from clones import draw, relative, solved
from drawn import convolutions


def test_takes_over_a_keras_convolution(rng):
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
        (keras.layers.DepthwiseConv2D((3, 2)), r"kernel_size.*\(3, 2\)"),
        (keras.layers.Dense(3), "layer of type Dense"),
    ],
)
def test_convolutions_that_the_student_does_not_imitate_are_refused(layer, message):
    layer.build((None, 6, 6, 1))
    with pytest.raises(ValueError, match=message):
        ClonedConv2D.from_conv(layer, solved("t2"))


def test_convolution_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match=r"must be built.*'fresh'"):
        ClonedConv2D.from_conv(keras.layers.Conv2D(2, 3, name="fresh"), solved("t2"))


def test_takes_over_what_a_convolution_is_trained_with():
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
    unfrozen = ClonedConv2D.from_conv(
        conv, solved("t2"), trainable=True, kernel_regularizer=None, use_bias=True
    )
    assert len(unfrozen.trainable_weights) == 2
    assert unfrozen.losses == []


def test_the_bias_can_be_left_out(rng):
    conv = keras.layers.Conv2D(2, 3, bias_initializer="ones")
    images = rng.normal(size=(2, 6, 6, 1)).astype("float32")
    expected = conv(images) - 1
    bare = ClonedConv2D.from_conv(conv, solved("t2"), use_bias=False)
    assert relative(bare(images), expected) < 1e-3


@pytest.mark.parametrize("lifting", [True, later(False)])
def test_layers_that_say_lifting_are_taken_over_as_others_are(rng, lifting):
    student = solved("c4", lifting)
    inputs = draw(rng, student, 2)
    layer = sc.GroupConv2D(3, 3, "c4", lifting=lifting)
    expected = layer(inputs)
    assert relative(ClonedConv2D.from_conv(layer, student)(inputs), expected) < 1e-3
    assert teacher_of(layer, inputs.shape) == student.teacher
    other = inputs[..., None, :] if lifting else inputs[:, :, :, 0]
    with pytest.raises(ValueError, match=rf"C4 with lifting={lifting} takes"):
        teacher_of(layer, other.shape)


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


@pytest.mark.slow
def test_takes_over_arrays(rng):
    kernel, bias = rng.normal(size=(3, 3, 2, 5)), rng.normal(size=5)
    layer = ClonedConv2D.from_kernel(kernel, solved("c4"), bias, activation="relu")
    inputs = rng.normal(size=(2, 6, 6, 2)).astype("float32")
    expected = sc.group_conv2d(inputs, kernel.astype("float32"), "c4") + bias
    assert relative(layer(inputs), np.maximum(expected, 0)) < 1e-3
    assert not ClonedConv2D.from_kernel(kernel, solved("c4")).use_bias


@pytest.mark.slow
@pytest.mark.parametrize("student", ["local", later("dense")])
@pytest.mark.parametrize("compute", ["blocks", later("auto")])
def test_outputs_and_gradients_are_those_of_a_keras_convolution(student, compute):
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(convolutions())
    def check(drawn):
        kind, options, shape = drawn
        conv = kind(**options)
        rng = np.random.default_rng(0)
        inputs = tf.constant(rng.normal(size=(2, *shape)), tf.float32)
        conv.build(inputs.shape)
        for weight in conv.weights:
            weight.assign(rng.normal(size=weight.shape))
        first = conv.data_format == "channels_first"
        teacher = sc.ConvTeacher(
            "t2",
            shape[1:] if first else shape[:2],
            conv.kernel_size,
            padding=conv.padding,
            strides=conv.strides,
            dilation_rate=conv.dilation_rate,
        )
        clone = sc.students.make_student(student, teacher, dtype="float32")
        sc.cloning.solve(clone)
        cloned = ClonedConv2D.from_conv(conv, clone, compute=compute)
        assert cloned.compute_output_shape(inputs.shape) == tuple(
            conv.compute_output_shape(inputs.shape)
        )
        pairs = zip(results(cloned, inputs), results(conv, inputs))
        for found, expected in pairs:
            found = np.reshape(found, expected.shape)  # of depthwise kernels
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)

    check()


def results(layer, inputs):
    """Outputs, and the gradients for inputs and for the layer's own weights."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
        loss = tf.reduce_sum(tf.square(outputs - 1.0))
    weights = [layer.kernel.value, *([layer.bias.value] if layer.use_bias else [])]
    return [outputs, *tape.gradient(loss, [inputs, *weights])]


@pytest.mark.slow
@pytest.mark.parametrize("compute", ["auto", "blocks"])
@pytest.mark.parametrize("lifting", [True, False])
@pytest.mark.parametrize("channels", [later(1), 2])
def test_groups_of_channels_are_equivariant_under_a_point_group(
    rng, lifting, channels, compute
):
    """As one layer for each group of channels, side by side."""
    student = solved("c4", lifting)
    inputs = draw(rng, student, 3 * channels)
    kernel = rng.normal(size=(*student.teacher.kernel_shape, channels, 6))
    layer = ClonedConv2D.from_kernel(kernel, student, groups=3, compute=compute)
    expected = [
        sc.group_conv2d(
            inputs[..., g * channels : (g + 1) * channels],
            kernel[..., 2 * g : 2 * g + 2].astype("float32"),
            "c4",
        )
        for g in range(3)
    ]
    assert relative(layer(inputs), np.concatenate(expected, -1)) < 1e-5
    outputs = student.teacher(inputs, kernel.astype("float32"))
    assert relative(outputs, np.concatenate(expected, -1)) < 1e-5
    transformations = student.teacher.transformations()
    assert sc.symmetry.largest_error(layer, transformations, inputs) < 1e-5


def test_depthwise_convolutions_keep_regularizer_and_constraint(rng):
    layer = keras.layers.DepthwiseConv2D(
        3, depthwise_regularizer="l2", depthwise_constraint="non_neg"
    )
    layer.build((None, 6, 6, 2))
    cloned = ClonedConv2D.from_conv(layer, solved("t2"))
    assert (cloned.groups, cloned.filters) == (2, 2)
    regularizer = layer.depthwise_regularizer.get_config()
    assert cloned.kernel_regularizer.get_config() == regularizer
    assert cloned.kernel.constraint is layer.depthwise_constraint


@pytest.mark.parametrize(
    ("options", "inputs", "message"),
    [
        ({"groups": 0}, None, "`groups` must be a positive integer"),
        ({"groups": 2}, None, "`filters` must be a multiple of `groups`.*groups=2"),
        ({"groups": 3}, (1, 6, 6, 4), r"multiple of groups=3.*\(1, 6, 6, 4\)"),
        ({"data_format": "NCHW"}, None, "`data_format` must be one of channels_last"),
        (
            {"data_format": "channels_first"},
            (1, 6, 6, 3),
            r"\(batch, channels, 6, 6\).*\(1, 6, 6, 3\)",
        ),
    ],
)
def test_groups_and_formats_that_do_not_fit_are_refused(options, inputs, message):
    with pytest.raises(ValueError, match=message):
        ClonedConv2D(3, solved("t2"), **options)(np.zeros(inputs or (1, 6, 6, 3)))
