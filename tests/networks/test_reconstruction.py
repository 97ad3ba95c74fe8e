"""Networks rebuilt layer by layer compute the same."""

import weakref

import keras
import numpy as np
import pytest
from keras import layers

from symclone_tf.networks.reconstruction import is_network, rebuilt

from networks import noise, plain, settle


def keep(layer):
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
    assert np.asarray(adapted.mean).item() > 100
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


def test_replace_is_called_once_for_each_layer():
    model, calls = plain(), []
    rebuilt(model, calls.append)
    named = [layer for layer in calls if isinstance(layer, keras.layers.Layer)]
    assert len({id(layer) for layer in calls}) == len(calls)
    assert set(named) == set(model._flatten_layers())


def test_networks_of_any_size_are_rebuilt_for_a_given_one():
    images = keras.Input((None, None, 3))
    nested = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)])
    model = keras.Model(images, layers.Conv2D(2, 3, name="last")(nested(images)))
    shapes = {id(model): (None, 10, 9, 3), id(nested): (None, 10, 9, 3)}
    again = rebuilt(model, keep, shapes)
    assert again.layers[1].input_shape == (None, 10, 9, 3)
    assert again.get_layer("last").input.shape == (None, 8, 7, 4)
    assert again.output_shape == (None, 6, 5, 2)
    images = noise(again)
    np.testing.assert_array_equal(again(images), model(images))
    assert rebuilt(model, keep).input_shape == (None, None, None, 3)


@pytest.mark.slow
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


def test_each_trainable_flag_is_as_it_was():
    model = plain()
    model.get_layer("first").trainable = False
    block = model.get_layer("block")
    block.trainable = False
    block.get_layer("norm").trainable = True
    again = rebuilt(model, keep)
    flags = [layer.trainable for layer in model._flatten_layers()]
    assert False in flags
    assert True in flags
    assert [layer.trainable for layer in again._flatten_layers()] == flags
    names = [w.path for w in model.trainable_weights]
    assert [w.path for w in again.trainable_weights] == names
    again.get_layer("block").trainable = block.trainable = True
    names = [w.path for w in model.trainable_weights]
    assert [w.path for w in again.trainable_weights] == names
    assert [w.path for w in again.weights] == [w.path for w in model.weights]


def test_a_layer_that_is_called_by_keyword_is_called_so_again():
    images = keras.Input((8, 8, 1))
    conv, nested = layers.Conv2D(2, 3), keras.Sequential([layers.Conv2D(3, 3)])
    model = keras.Model(images, nested(inputs=conv(inputs=images)))
    images = noise(model)
    np.testing.assert_array_equal(rebuilt(model, keep)(images), model(images))


def test_one_network_at_two_sizes_remains_one():
    head = keras.Sequential(
        [keras.Input((None, None, 1)), layers.Conv2D(2, 3)], name="head"
    )
    images = keras.Input((8, 8, 1))
    model = keras.Model(images, [head(images), head(layers.MaxPooling2D()(images))])
    again = rebuilt(model, keep)
    assert len(again.weights) == len(model.weights) == 2
    for found, expected in zip(again(noise(model)), model(noise(model))):
        np.testing.assert_array_equal(found, expected)


def test_weights_that_a_call_refers_to_are_the_copys():
    images = keras.Input((4,))
    tied = layers.Dense(3, use_bias=False)
    outputs = keras.ops.matmul(tied(images), keras.ops.ones((3, 4)))
    model = keras.Model(images, outputs + keras.ops.sum(tied(images)))
    scaled = keras.Model(images, keras.ops.multiply(tied(images), tied.kernel[0]))
    for each in (model, scaled):
        again = rebuilt(each, keep)
        np.testing.assert_array_equal(again(noise(each)), each(noise(each)))


class OwnSequential(keras.Sequential):
    """A Sequential model with a training step, and a constructor, of its own."""

    def __init__(self, width):
        super().__init__([keras.Input((8, 8, 1)), layers.Conv2D(width, 3)])
        self.step_size = 0.5

    def train_step(self, data):
        return {"mine": keras.ops.convert_to_tensor(self.step_size)}


class OwnFunctional(keras.Model):
    """A functional model with other layers, which only its `call` uses."""

    def __init__(self, width):
        images = keras.Input((8, 8, 1))
        super().__init__(images, layers.Conv2D(width, 3)(images))
        self.before = layers.Rescaling(1 / 255)
        self.after = layers.Dense(2)
        self.after.build((None, 6, 6, width))
        self.rate, self.also = 7.0, {"after": [self.after]}

    def call(self, inputs, training=None):
        return self.after(super().call(self.before(inputs), training=training))

    def train_step(self, data):
        return {"mine": keras.ops.convert_to_tensor(self.rate)}


@pytest.mark.tensorflow  # steps of training have other arguments elsewhere
@pytest.mark.parametrize("make", [OwnSequential, OwnFunctional])
def test_models_of_an_own_class_remain_of_it(make):
    model = make(3)
    model.compile("adam", "mse")
    again = rebuilt(model, keep)
    assert type(again) is make
    images = 255 * noise(model)
    expected = np.array(model(images))
    np.testing.assert_array_equal(again(images), expected)
    assert (
        again.fit(images, expected, verbose=0).history["mine"]
        == (model.fit(images, expected, verbose=0).history["mine"])
    )
    assert structure(again) == structure(model)
    assert [w.path for w in again.weights] == [w.path for w in model.weights]
    again.set_weights([2 * w for w in again.get_weights()])
    assert np.abs(again(images) - expected).max() > 0.1
    np.testing.assert_array_equal(model(images), expected)
    if make is OwnFunctional:
        assert again.also["after"][0] is again.after is not model.after


def test_networks_are_distinguished_from_layers():
    class Own(keras.Model):
        """A subclassed model."""

    assert is_network(plain())
    assert is_network(sequential())
    assert not is_network(Own())
    assert not is_network(layers.Dense(2))


ELSEWHERE = weakref.WeakKeyDictionary()


class KeptElsewhere(layers.Layer):
    """A layer that keeps what it needs in a dictionary of its class."""

    def __init__(self):
        super().__init__()
        ELSEWHERE[self] = 2.0

    def call(self, x):
        return x * ELSEWHERE[self]


def test_copies_that_cannot_be_called_are_named_in_a_line():
    images = keras.Input((4,))
    model = keras.Model(images, KeptElsewhere()(images))
    with pytest.raises(ValueError, match="a KeptElsewhere, cannot be copied: its") as e:
        rebuilt(model, keep)
    assert "\n" not in str(e.value)


def test_towers_whose_layers_have_the_same_names_train_alike(rng):
    """Keras 3.15.1 adds up the gradients of one of them on PyTorch."""

    def tower():
        inputs = keras.Input((3,))
        dense = layers.Dense(1, kernel_initializer="ones", name="dense")
        return keras.Model(inputs, dense(inputs))

    inputs = keras.Input((3,))
    model = keras.Model(inputs, [tower()(inputs), tower()(inputs)])
    made = rebuilt(model, lambda layer: None)
    assert len({variable.path for variable in made.variables}) == 4
    made.compile(keras.optimizers.SGD(0.1), ["mse", "mse"])
    images, zeros = rng.normal(size=(8, 3)).astype("float32"), np.zeros((8, 1))
    made.fit(images, [zeros, zeros], epochs=20, verbose=0)
    first, second = made.predict(images, verbose=0)
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.square(first).mean() < 0.1 * np.square(images.sum(axis=1)).mean()
