"""Layers are evaluated on what reaches them, in any kind of model."""

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.layers import GroupConv2D
from symclone_tf.networks.layer_equivariance import layer_errors

from networks import classifier


def test_inputs_in_compiled_calls_are_recorded_too(images):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = GroupConv2D(2, 3, "c4", name="conv")

        @tf.function
        def call(self, inputs):
            return self.conv(inputs)

    model = Model()
    model(images)
    assert list(layer_errors(model, images, "c4")) == ["conv"]
    assert not tf.config.functions_run_eagerly()


def test_recording_leaves_the_model_as_it_was(images):
    model = classifier(GroupConv2D(2, 3, "c4"))
    before = model(images)
    layer_errors(model, images, "c4")
    assert "call" not in vars(model.layers[0])
    np.testing.assert_array_equal(model(images), before)


def test_inputs_in_subclassed_models_are_recorded(images):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = GroupConv2D(2, 3, "c4", name="conv")
            self.unused = GroupConv2D(2, 3, "c4", name="unused")

        def build(self, shape):
            self.conv.build(shape)

        def call(self, inputs):
            return keras.ops.mean(self.conv(inputs), axis=(1, 2, 3))

    errors = layer_errors(Model(), images, "c4")
    assert list(errors) == ["conv"]
    assert errors["conv"] < 1e-6
