"""Which layers end a network, and by what its outputs are probabilities."""

import keras
import numpy as np
import pytest
from keras import layers
from own_networks import Block

import symclone_tf as sc
from symclone_tf.networks.last_activations import (
    are_read_again,
    give_logits,
    last_layers,
    probabilities_of,
)
from symclone_tf.networks.network_inputs import input_specs


def test_last_layers_are_found_in_nested_networks():
    x = keras.Input((4,))
    inner = keras.Model(x, [layers.Dense(2, name="a")(x), layers.Dense(3, name="b")(x)])
    first, second = inner(x)
    model = keras.Model(x, {"one": second, "two": layers.Dense(1, name="c")(first)})
    assert [layer.name for layer in last_layers(model)] == ["b", "c"]


def test_only_their_class_knows_those_of_subclasses():
    class Own(keras.Model):
        def call(self, x):
            return x

    assert last_layers(Own()) == [None]
    assert probabilities_of(None) == ""


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (layers.Dense(2, "softmax"), "softmax"),
        (layers.Dense(1, "sigmoid"), "sigmoid"),
        (layers.Activation("softmax"), "softmax"),
        (layers.Softmax(), "softmax"),
        (layers.Softmax(axis=[-1]), "softmax"),
        (layers.Softmax(axis=1), ""),
        (layers.Softmax(axis=(1, 2)), ""),
        (layers.Dense(2, "relu"), ""),
        (layers.Dense(2), ""),
        (Block(2), ""),
    ],
)
def test_probabilities_are_those_of_softmax_and_sigmoid(layer, kind):
    assert probabilities_of(layer) == kind


def test_layers_give_logits():
    layer, other = layers.Dense(2, "softmax"), layers.Dense(2, "relu")
    give_logits([layer, other, None])
    assert layer.activation is keras.activations.linear
    assert other.activation is keras.activations.relu


def read_by_another():
    x = keras.Input((4,))
    first = layers.Dense(3, "softmax")(x)
    return keras.Model(x, [first, layers.Dense(2)(first)])


def a_gate_too():
    """The layer is called twice."""
    x, head = keras.Input((4,)), layers.Dense(4, "softmax")
    return keras.Model(x, head(layers.Multiply()([x, head(x)])))


def a_nested_gate():
    x = keras.Input((4,))
    head = keras.Sequential([keras.Input((4,)), layers.Dense(4, "softmax")])
    return keras.Model(x, head(layers.Multiply()([x, head(x)])))


def read_within():
    x, y = keras.Input((4,)), keras.Input((4,))
    first = layers.Dense(3, "softmax")(x)
    inner = keras.Model(x, [first, layers.Dense(2)(first)])
    one, other = inner(y)
    return keras.Model(y, [one, layers.Dense(2)(other)])


def one_for_two_outputs():
    x, y, head = keras.Input((4,)), keras.Input((4,)), layers.Dense(2, "softmax")
    return keras.Model([x, y], [head(x), head(y)])


READ_AGAIN = (read_by_another, a_gate_too, a_nested_gate, read_within)


@pytest.mark.parametrize("make", READ_AGAIN)
def test_probabilities_may_be_used_for_more_than_outputs(make):
    model = make()
    assert are_read_again(model, input_specs(model))


def passed_on():
    x = keras.Input((4,))
    return keras.Model(x, [x, layers.Dense(3, "softmax")(x)])


def nested():
    x = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(2, "softmax")])
    return keras.Model(x, inner(layers.Dense(4)(x)))


@pytest.mark.parametrize("make", [passed_on, nested, one_for_two_outputs])
def test_others_are_outputs_alone(make):
    model = make()
    assert not are_read_again(model, input_specs(model))


class Gate(layers.Layer):
    """Uses a sigmoid for something else than its outputs."""

    def __init__(self):
        super().__init__()
        self.activation = keras.activations.sigmoid

    def call(self, x):
        return x * self.activation(x)


class Tempered(layers.Softmax):
    def call(self, x):
        return super().call(x / 5)


class Named(layers.Dense):
    """A class of one's own, with Keras' own call."""


@pytest.mark.parametrize("make", [Gate, Tempered])
def test_what_layers_of_ones_own_do_with_an_activation_is_not_known(make, rng):
    x = keras.Input((6, 6, 1))
    features = layers.Dense(3)(layers.Flatten()(x))
    model = keras.Model(x, make()(features))
    assert probabilities_of(model.layers[-1]) == ""
    made, report = sc.symmetrize(model, "flip")
    images = rng.normal(size=(4, 6, 6, 1)).astype("float32")
    each = [np.array(model(x)) for x in (images, images[:, :, ::-1].copy())]
    np.testing.assert_allclose(made(images), np.mean(each, axis=0), atol=1e-6)
    assert "as they are" in report.notes[0]


def test_recurrent_layers_go_on_with_their_activation():
    assert probabilities_of(layers.GRU(3, activation="sigmoid")) == ""
    assert probabilities_of(layers.TimeDistributed(layers.Dense(2, "softmax"))) == ""
    assert probabilities_of(Named(3, "sigmoid")) == "sigmoid"
    assert probabilities_of(sc.GroupConv2D(3, 3, "c4", activation="sigmoid"))
