"""What tf2onnx does not know, in ONNX files all the same."""

import keras
import numpy as np
import pytest
from keras import layers

from symclone_tf.artifacts import export_onnx
from symclone_tf.artifacts.onnx_operations import (
    convolutions_by_groups,
    without_augmentation,
)

onnxruntime = pytest.importorskip("onnxruntime")


def outputs_of(file, images):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    return session.run(None, {source.name: images})[0]


def loops(layer, images):
    """A convolution of rank 2 by its formula, channels last, without padding."""
    kernel, bias = layer.get_weights()
    (high, wide), (down, right) = kernel.shape[:2], layer.dilation_rate
    each_in, each_out = kernel.shape[2], layer.filters // layer.groups
    outputs = np.zeros(layer.compute_output_shape(images.shape))
    for r, c in np.ndindex(*outputs.shape[1:3]):
        top, left = r * layer.strides[0], c * layer.strides[1]
        for channel in range(layer.filters):
            first = channel // each_out * each_in
            patch = images[
                :,
                top : top + high * down : down,
                left : left + wide * right : right,
                first : first + each_in,
            ]
            products = patch * kernel[..., channel]
            outputs[:, r, c, channel] = products.sum((1, 2, 3)) + bias[channel]
    return outputs


@pytest.mark.parametrize(
    "options",
    [
        {"filters": 8, "groups": 2},
        {"filters": 4, "groups": 4},  # depthwise
        {"filters": 8, "groups": 4, "strides": 2},
        {"filters": 8, "groups": 4, "strides": (1, 2)},
        {"filters": 8, "groups": 4, "dilation_rate": 2},
        {"filters": 6, "groups": 2, "strides": 2, "kernel_size": (2, 3)},
    ],
)
def test_convolutions_with_groups_are_those_of_the_formula(rng, tmp_path, options):
    layer = layers.Conv2D(**{"kernel_size": 3, **options}, bias_initializer="normal")
    model = keras.Sequential([keras.Input((7, 8, 4)), layer])
    images = rng.normal(size=(3, 7, 8, 4)).astype("float32")
    expected = loops(layer, images)
    file = export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(outputs_of(file, images), expected, atol=1e-5)
    assert "convolution_op" not in vars(layer)
    np.testing.assert_allclose(model(images), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "shape", "options"),
    [
        (layers.Conv2D, (7, 8, 4), {"padding": "same", "groups": 4, "strides": 2}),
        (layers.Conv3D, (5, 5, 5, 4), {"groups": 4}),
        (layers.Conv3D, (5, 5, 5, 4), {"groups": 2, "padding": "same"}),
    ],
)
def test_all_ranks_and_paddings_are_what_keras_computes(
    rng, tmp_path, kind, shape, options
):
    model = keras.Sequential([keras.Input(shape), kind(8, 3, **options)])
    inputs = rng.normal(size=(2, *shape)).astype("float32")
    file = export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(outputs_of(file, inputs), model(inputs), atol=1e-5)


def test_nested_layers_are_convolved_by_groups_too(rng, tmp_path):
    inner = keras.Sequential([keras.Input((6, 6, 4)), layers.Conv2D(4, 3, groups=2)])
    model = keras.Sequential([keras.Input((6, 6, 4)), inner, layers.Flatten()])
    images = rng.normal(size=(2, 6, 6, 4)).astype("float32")
    file = export_onnx(model, tmp_path / "model.onnx")
    np.testing.assert_allclose(outputs_of(file, images), model(images), atol=1e-5)


def test_a_class_that_convolves_otherwise_is_left_alone():
    class Halved(layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            return super().convolution_op(inputs, kernel / 2)

    layer = Halved(4, 3, groups=2)
    model = keras.Sequential([keras.Input((6, 6, 4)), layer])
    with convolutions_by_groups(model):
        assert "convolution_op" not in vars(layer)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_gelu_is_what_keras_computes(rng, tmp_path, policy):
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(6, "gelu"), layers.Activation("gelu")]
    )
    inputs = rng.normal(0, 4, size=(50, 8)).astype("float32")
    file = export_onnx(model, tmp_path / "model.onnx")
    tolerance = 1e-5 if policy == "float32" else 2e-2
    np.testing.assert_allclose(outputs_of(file, inputs), model(inputs), atol=tolerance)


def test_augmentation_is_not_part_of_the_file(rng, tmp_path):
    inner = keras.Sequential([keras.Input((6, 6, 2)), layers.RandomRotation(0.5)])
    body = [layers.RandomFlip(), inner, layers.Flatten(), layers.Dense(3)]
    model = keras.Sequential([keras.Input((6, 6, 2)), *body])
    images = rng.normal(size=(8, 6, 6, 2)).astype("float32")
    expected = model(images, training=False)
    assert np.abs(model(images, training=True) - expected).max() > 0.1
    file = export_onnx(model, tmp_path / "model.onnx")
    for _ in range(2):
        np.testing.assert_allclose(outputs_of(file, images), expected, atol=1e-5)
    # The network trains as before.
    assert np.abs(model(images, training=True) - expected).max() > 0.1


def test_layers_that_do_not_train_by_default_are_left_alone():
    dropout = layers.Dropout(0.5)
    model = keras.Sequential([keras.Input((6,)), dropout])
    with without_augmentation(model):
        assert "call" not in vars(dropout)
