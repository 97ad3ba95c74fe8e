"""Networks are compared by what they predict, and by whose weights they use."""

import keras
import numpy as np
import pytest
from keras import layers
from own_networks import classifier, functional, siamese

import symclone_tf as sc
from symclone_tf.networks.comparison import (
    check_own_weights,
    has_finite_weights,
    largest_difference,
    unchanged,
)
from symclone_tf.networks.network_inputs import input_specs, zeros

from networks import plain


def test_the_difference_is_relative_to_the_largest_output():
    model = functional(layers.Conv2D(2, 3), layers.Rescaling(1.0, name="last"))
    specs = input_specs(model)
    assert largest_difference(model, model, specs) == 0
    other = sc.networks.rebuilt(model, lambda layer: None)
    other.get_layer("last").scale = 1.25
    assert largest_difference(model, other, specs) == pytest.approx(0.25)
    assert largest_difference(model, other, specs, 128, 64) == pytest.approx(0.25)


def test_all_outputs_are_compared():
    images = keras.Input((8, 8, 1))
    first, second = layers.Rescaling(1.0), layers.Rescaling(1.0)
    model = keras.Model(images, {"first": first(images), "second": second(images)})
    other = sc.networks.rebuilt(model, lambda layer: None)
    other.layers[2].scale = 3.0
    assert largest_difference(model, other, input_specs(model)) == pytest.approx(2)


def test_several_inputs_are_noise_each():
    model = siamese()
    assert largest_difference(model, model, input_specs(model)) == 0
    zero = sc.networks.rebuilt(model, lambda layer: None)
    zero.set_weights([0 * w for w in zero.get_weights()])
    assert largest_difference(model, zero, input_specs(model)) == pytest.approx(1)


@pytest.mark.tensorflow
def test_of_classes_with_an_own_prediction_that_is_compared():
    model = classifier()
    plain_model = keras.Model(model.input, model.output)
    specs = input_specs(model)
    # Of raw pixels a plain model predicts something else.
    assert largest_difference(model, plain_model, specs, 128, 64) > 1
    assert largest_difference(model, model, specs, 128, 64) == 0
    assert model.predict_function is None
    assert not model.run_eagerly


def test_networks_behind_image_preprocessing_are_compared_in_inference():
    # Keras 3.15.1: Resizing's default is to train, which later layers take over.
    model = functional(
        layers.Resizing(8, 8), layers.BatchNormalization(), layers.Dropout(0.5)
    )
    before = model.get_weights()
    again = sc.networks.rebuilt(model, lambda layer: None)
    assert largest_difference(model, again, input_specs(model)) == 0
    for weight, expected in zip(model.get_weights(), before):
        np.testing.assert_array_equal(weight, expected)


ELSEWHERE = {}


class Finding(layers.Layer):
    """Finds the layer that it uses by a name, anywhere."""

    def call(self, x):
        return ELSEWHERE["conv"](x)


def test_copies_that_use_weights_of_the_network_are_refused():
    conv = ELSEWHERE["conv"] = layers.Conv2D(2, 3, padding="same", name="conv")
    images = keras.Input((8, 8, 2))
    model = keras.Model(images, Finding()(conv(images)))
    specs = input_specs(model)
    copy = sc.networks.rebuilt(model, lambda layer: None)
    with pytest.raises(ValueError, match=r"cannot be copied.*'conv/"):
        check_own_weights(model, copy, zeros(specs))
    with pytest.raises(ValueError, match=r"cannot be copied.*'conv/"):
        sc.relax(model, verbose=0)


def test_copies_with_their_own_weights_pass():
    model = plain()
    specs = input_specs(model)
    check_own_weights(model, sc.networks.rebuilt(model, lambda _: None), zeros(specs))


class Sampling(layers.Layer):
    """Adds noise, also in inference, and counts its calls."""

    def __init__(self):
        super().__init__()
        self.seed = keras.random.SeedGenerator(3)
        self.calls = keras.metrics.Sum(name="calls")

    def call(self, x):
        self.calls.update_state(1.0)
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seed)


@pytest.mark.slow
def test_random_and_other_states_are_as_before_and_equal():
    sampling = Sampling()
    model = functional(layers.Conv2D(2, 3), sampling)
    before = [np.array(v) for v in (*model.variables, *model.metrics_variables)]
    relaxed, report = sc.relax(model, verbose=0)
    assert report.difference < 1e-5
    after = [np.array(v) for v in (*model.variables, *model.metrics_variables)]
    for found, expected in zip(after, before, strict=True):
        np.testing.assert_array_equal(found, expected)
    x = np.zeros((1, 12, 12, 3), "float32")
    np.testing.assert_allclose(relaxed(x), model(x), atol=1e-5)


def test_states_are_put_back_also_after_an_error():
    layer = Sampling()
    state = np.array(layer.seed.state)

    def fail():
        with unchanged(layer):
            layer(np.zeros((1, 2)))
            assert np.abs(np.array(layer.seed.state) - state).max() > 0
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    np.testing.assert_array_equal(layer.seed.state, state)
    assert float(layer.calls.result()) == 0


@pytest.mark.slow
def test_states_of_a_recurrent_network_are_put_back():
    clip = keras.Input(batch_shape=(1, 3, 8, 8, 1))
    x = layers.TimeDistributed(layers.Conv2D(2, 3))(clip)
    x = layers.TimeDistributed(layers.GlobalAveragePooling2D())(x)
    recurrent = layers.LSTM(2, stateful=True)
    model = keras.Model(clip, recurrent(x))
    model(np.ones((1, 3, 8, 8, 1)))
    before = [np.array(state) for state in recurrent.states]
    relaxed, report = sc.relax(model, verbose=0)
    assert report.difference < 1e-5
    for found, expected in zip(recurrent.states, before, strict=True):
        np.testing.assert_array_equal(found, expected)
    relaxed(np.ones((1, 3, 8, 8, 1)))
    for found, expected in zip(recurrent.states, before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_weights_that_are_no_numbers_are_noticed_behind_a_relu():
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, activation="relu")]
    )
    assert has_finite_weights(model)
    model.layers[0].bias.assign([np.nan, 0])
    assert not has_finite_weights(model)
