"""Layers of one's own have the arguments and weights of all convolution layers."""

import keras
import numpy as np

from symclone_tf.layers import Convolution
from symclone_tf.layers.base_conv import balanced_glorot

from layer_checks import check_layer


@keras.saving.register_keras_serializable()
class Pointwise(Convolution):
    """A 1×1 convolution."""

    def build(self, input_shape):
        self.add_kernel_and_bias((input_shape[-1], self.filters))

    def call(self, inputs):
        return self.biased_and_activated(keras.ops.matmul(inputs, self.kernel))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)


def test_behaves_as_a_keras_layer(rng, tmp_path):
    check_layer(
        Pointwise,
        {"filters": 3, "activation": "relu", "kernel_regularizer": "l2"},
        [rng.normal(size=(2, 4, 4, 2)).astype("float32")],
        (2, 4, 4, 3),
        weights=2,
        path=tmp_path / "model.keras",
    )


def test_the_bias_is_added_before_the_activation(rng):
    layer = Pointwise(2, activation="relu", bias_initializer="ones")
    layer.build((None, 2))
    outputs = rng.normal(size=(3, 4, 4, 2)).astype("float32")
    expected = np.maximum(outputs + 1, 0)
    np.testing.assert_allclose(layer.biased_and_activated(outputs), expected)
    first = layer.biased_and_activated(outputs, "channels_first")
    np.testing.assert_allclose(first, np.moveaxis(expected, -1, 1))


def test_entries_with_a_larger_gain_start_smaller():
    gain = np.array([1.0, 4.0, 100.0])
    kernel = balanced_glorot(gain)((3, 400, 50), "float32")
    norms = np.linalg.norm(kernel, axis=(1, 2))
    np.testing.assert_allclose(norms[0] / norms, [1, 2, 10], rtol=0.02)
