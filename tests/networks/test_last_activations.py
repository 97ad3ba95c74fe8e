"""Which layers end a network, and by what its outputs are probabilities."""

import keras
import pytest
from keras import layers
from own_networks import Block

from symclone_tf.networks.last_activations import (
    give_logits,
    is_read_again,
    last_layers,
    probabilities_of,
)


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
        (layers.Softmax(axis=1), ""),
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


def test_outputs_may_be_read_by_other_layers():
    x = keras.Input((4,))
    first = layers.Dense(3, "softmax")(x)
    second = layers.Dense(2)(first)
    assert is_read_again(keras.Model(x, [first, second]))
    assert not is_read_again(keras.Model(x, second))
    assert not is_read_again(keras.Sequential([keras.Input((4,)), layers.Dense(2)]))
