"""Networks rebuilt layer by layer compute the same."""

import keras
import numpy as np
import pytest
from keras import layers

from symclone_tf.networks.reconstruction import is_network, rebuilt

from networks import noise, plain, settle


def keep(layer, shape):
    """Replaces nothing."""


def structure(model):
    return [
        (type(layer).__name__, layer.name)
        for layer in model._flatten_layers(include_self=False)
    ]


def sequential():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(2, 3, name="a"),
            keras.Sequential([layers.Conv2D(3, 3, name="b")], name="nested"),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(2),
        ],
        name="one_after_the_other",
    )
    settle(model)
    return model


def shared():
    images = keras.Input((8, 8, 1))
    twice = layers.Conv2D(1, 3, padding="same", name="twice")
    model = keras.Model(images, [twice(twice(images)), images * 2.0])
    settle(model)
    return model


def with_a_function():
    images = keras.Input((8, 8, 1))
    doubled = layers.Lambda(lambda x: 2 * x, name="doubled")(images)
    return keras.Model(images, layers.Conv2D(2, 3)(doubled))


def with_statistics():
    adapted = layers.Normalization(name="adapted")
    adapted.adapt(np.random.default_rng(0).uniform(0, 255, (64, 8, 8, 1)))
    model = keras.Sequential([keras.Input((8, 8, 1)), adapted, layers.Conv2D(2, 3)])
    assert adapted.mean.numpy().item() > 100
    return model


@pytest.mark.parametrize(
    "make", [plain, sequential, shared, with_a_function, with_statistics]
)
def test_without_replacements_it_is_the_same_network(make):
    model = make()
    again = rebuilt(model, keep)
    assert type(again) is type(model)
    assert again.name == model.name
    assert structure(again) == structure(model)
    assert again.input_shape == model.input_shape
    images = noise(model)
    for found, expected in zip(
        keras.tree.flatten(again(images)), keras.tree.flatten(model(images))
    ):
        np.testing.assert_array_equal(found, expected)
    weights = {id(weight) for weight in model.weights}
    assert not weights & {id(weight) for weight in again.weights}


def test_replace_is_called_once_for_each_layer_and_shape():
    calls = []
    rebuilt(plain(), lambda layer, shape: calls.append((layer.name, shape)))
    found = dict(calls)
    assert len(found) == len(calls)
    assert found["first"] == (None, 12, 12, 2)
    assert found["inner"] == (*found["pointwise"][:3], 4)
    assert found["answers"] == (None, 5)


def test_networks_of_any_size_are_rebuilt_for_a_given_one():
    images = keras.Input((None, None, 3))
    x = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])(images)
    model = keras.Model(images, layers.Conv2D(2, 3, name="last")(x))
    shapes = {}
    again = rebuilt(
        model,
        lambda layer, shape: shapes.update({layer.name: shape}),
        (None, 10, 9, 3),
    )
    assert shapes["last"] == (None, 8, 7, 4)
    assert again.output_shape == (None, 6, 5, 2)
    images = noise(again)
    np.testing.assert_array_equal(again(images), model(images))


def test_it_is_compiled_as_before():
    for make in (plain, sequential):
        model = make()
        model.compile(keras.optimizers.SGD(0.25), "mse", metrics=["mae"])
        again = rebuilt(model, keep)
        assert float(again.optimizer.learning_rate) == 0.25
        assert again.optimizer is not model.optimizer
        images = noise(model)
        targets = np.zeros(model(images).shape)
        expected = model.evaluate(images, targets, verbose=0)
        assert again.evaluate(images, targets, verbose=0) == pytest.approx(expected)
        assert rebuilt(model, keep, weights=False).weights[0] is not model.weights[0]


def test_frozen_layers_remain_frozen():
    model = plain()
    model.get_layer("first").trainable = False
    again = rebuilt(model, keep)
    assert not again.get_layer("first").trainable
    assert len(again.trainable_weights) == len(model.trainable_weights)


def test_networks_are_distinguished_from_layers():
    class Own(keras.Model):
        """A subclassed model."""

    assert is_network(plain())
    assert is_network(sequential())
    assert not is_network(Own())
    assert not is_network(layers.Dense(2))
