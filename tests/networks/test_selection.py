"""Convolutions are selected to be relaxed, and there is a reason for the others."""

import keras
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.networks.selection import layers_with_shapes

from networks import plain, settle


def relaxed_plain(**options):
    return sc.relax(plain(), verbose=0, **options)


def test_layers_come_with_the_shapes_of_inputs_that_reach_them():
    pairs = layers_with_shapes(plain(), (None, 12, 12, 2))
    found = [(layer.name, shape) for layer, shape in pairs]
    assert found[0] == ("first", (None, 12, 12, 2))
    assert ("inner", (None, 6, 6, 4)) in found
    assert len(found) == len(dict(found))


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("first", ["first"]),
        (["pointwise", "inner"], ["inner", "pointwise"]),
        (lambda layer: "depth" in layer.name, ["depthwise"]),
    ],
)
def test_layers_are_chosen_by_name_or_by_a_callable(chosen, names):
    _, report = relaxed_plain(layers=chosen)
    assert [row.name for row in report.layers] == names


def test_images_of_any_size_need_an_image_size():
    images = keras.Input((None, None, 1))
    model = keras.Model(images, layers.Conv2D(2, 3)(images))
    with pytest.raises(ValueError, match=r"pass `image_size`.*\(None, None"):
        sc.relax(model, verbose=0)
    relaxed, report = sc.relax(model, image_size=(8, 6), verbose=0)
    assert relaxed.input_shape == (None, 8, 6, 1)
    assert report.layers[0].teacher == "T(2) 8×6"
    with pytest.raises(ValueError, match="takes images of shape"):
        sc.relax(plain(), image_size=13, verbose=0)


def test_what_cannot_be_relaxed_remains_with_a_reason():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(3, 3),
            layers.SeparableConv2D(4, 3, name="separable"),
            layers.Conv2DTranspose(2, 3, name="up"),
        ]
    )
    settle(model)
    _, report = sc.relax(model, verbose=0)
    assert set(report.left) == {"separable", "up"}
    assert report.left["up"].endswith("are supported, and it is a Conv2DTranspose")
    assert report.difference < 1e-5
    with pytest.raises(ValueError, match=r"'up' cannot be relaxed: .*Conv2DTranspose"):
        sc.relax(model, layers="up", verbose=0)


def test_a_convolution_that_is_called_with_two_sizes_remains():
    images = keras.Input((9, 9, 1))
    twice = layers.Conv2D(1, 3, name="twice")
    once = layers.Conv2D(1, 3, padding="same", name="once")
    model = keras.Model(images, twice(twice(once(images))))
    _, report = sc.relax(model, verbose=0)
    assert [row.name for row in report.layers] == ["once"]
    assert "several sizes" in report.left["twice"]


def test_a_convolution_that_is_called_twice_with_one_size_is_one_clone():
    images = keras.Input((9, 9, 1))
    twice = layers.Conv2D(1, 3, padding="same", name="twice")
    model = keras.Model(images, twice(twice(images)))
    relaxed, report = sc.relax(model, verbose=0)
    assert len(sc.networks.convolution_layers(relaxed)) == len(report.layers) == 1
    assert report.difference < 1e-5


class Own(keras.Model):
    """A subclassed model."""

    def call(self, inputs):
        return inputs


def two_inputs():
    first, second = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    return keras.Model([first, second], layers.Conv2D(2, 3)(first + second))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: "model.keras", TypeError, "must be a Keras model"),
        (Own, ValueError, "functional model of the same layers"),
        (
            two_inputs,
            ValueError,
            "Only models with one input.*with 2 inputs",
        ),
        (
            lambda: keras.Sequential([layers.Conv2D(2, 3)]),
            ValueError,
            "must be built",
        ),
        (
            lambda: keras.Sequential([keras.Input((8,)), layers.Dense(2, name="d")]),
            ValueError,
            "no convolution to relax. Received: layers d",
        ),
    ],
)
def test_other_models_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        sc.relax(make(), verbose=0)


def test_unknown_names_and_symmetries_are_refused():
    with pytest.raises(ValueError, match=r"\['nowhere'\].*Its convolutions: first, in"):
        sc.relax(plain(), layers=["first", "nowhere"], verbose=0)
    with pytest.raises(ValueError, match="`symmetry` must be one of"):
        sc.relax(plain(), "relaxed", verbose=0)
