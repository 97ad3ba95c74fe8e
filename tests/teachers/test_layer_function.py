"""Keras layers as functions of a kernel that replaces their weights."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.teachers import linear_in

layers = keras.layers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "shape", "kernel_shape", "output_shape"),
    [
        (layers.Conv1D(1, 3, padding="causal", dilation_rate=2), (9, 1), (3,), (9,)),
        (layers.Conv3D(1, 2, strides=2), (4, 4, 4, 1), (2, 2, 2), (2, 2, 2)),
        (layers.Conv2DTranspose(1, 3, strides=2), (4, 4, 1), (3, 3), (9, 9)),
        (layers.DepthwiseConv2D(3), (5, 5, 1), (3, 3), (3, 3)),
        (layers.Dense(4), (6,), (6, 4), (4,)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_linear_layers_are_copied_with_their_weights(
    rng, layer, shape, kernel_shape, output_shape
):
    teacher = sc.FunctionTeacher.from_layer(layer, shape)
    assert teacher.is_linear  # biases are left out
    assert (teacher.kernel_shape, teacher.output_shape) == (kernel_shape, output_shape)
    student, report = sc.clone(teacher, verbose=0)
    assert report.nmse < 1e-10
    inputs = rng.normal(size=(2, *shape)).astype("float32")
    expected = layer(inputs)  # built now, and not before
    kernel = np.reshape(layer.trainable_variables[0], (*kernel_shape, 1, 1))
    outputs = student(inputs.reshape(2, *teacher.input_shape, 1), kernel)
    np.testing.assert_allclose(np.reshape(outputs, expected.shape), expected, atol=1e-4)


def test_several_weights_are_one_kernel_whose_products_are_not_linear():
    separable = layers.SeparableConv1D(1, 3, use_bias=False)
    teacher = sc.FunctionTeacher.from_layer(separable, (8, 1), name="separable")
    assert teacher.kernel_shape == (4,)
    assert linear_in(teacher) == ("inputs",)
    _, report = sc.clone(teacher, steps=5, verbose=0)
    assert "not linear in its kernel" in report.caveat


def test_models_with_several_features_are_layers_too(rng):
    inputs = keras.Input((4, 3))
    attention = layers.MultiHeadAttention(1, 2)
    model = keras.Model(inputs, attention(inputs, inputs))
    teacher = sc.FunctionTeacher.from_layer(
        model, (4, 3), representation_in=3, representation_out=3
    )
    assert (teacher.positions_in, teacher.kernel_shape) == (4, (24,))
    assert linear_in(teacher) == ()
    signals = rng.normal(size=(2, 4, 3)).astype("float32")
    weights = [np.ravel(w) for w in model.trainable_variables if w.name != "bias"]
    kernel = np.concatenate(weights).reshape(-1, 1, 1)
    outputs = teacher(signals[..., None], kernel)[..., 0]
    np.testing.assert_allclose(outputs, model(signals), atol=1e-5)


def test_the_layer_is_copied():
    layer = layers.Conv1D(1, 3)
    layer.build((None, 9, 1))
    before = layer.get_weights()
    teacher = sc.FunctionTeacher.from_layer(layer, (9, 1))
    inputs = np.ones((1, 9, 1), "float32")
    outputs = teacher(inputs, np.ones((3, 1, 1), "float32"))
    layer.kernel.assign(0 * layer.kernel)
    np.testing.assert_array_equal(outputs, teacher(inputs, np.ones((3, 1, 1), "f4")))
    np.testing.assert_array_equal(before[1], layer.get_weights()[1])


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (3, (8, 1), "`layer` must be a Keras layer.*int"),
        (layers.Conv1D(1, 3), (8, 8, 1), r"input_shape=\(8, 8, 1\), for which 'conv1d"),
        (layers.ReLU(), (8, 1), "must have trainable weights besides biases.*'re_lu"),
    ],
)
def test_other_layers_are_refused_in_one_line(layer, shape, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        sc.FunctionTeacher.from_layer(layer, shape)
    assert "\n" not in str(caught.value)
