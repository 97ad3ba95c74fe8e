"""Convolutions are selected to be relaxed, and there is a reason for the others."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from own_networks import (
    Block,
    LateBlock,
    classifier,
    functional,
    of_an_image_and_facts,
    siamese,
    subclassed,
)

import symclone_tf as sc
from symclone_tf.networks.network_inputs import input_specs
from symclone_tf.networks.selection import input_shapes

from networks import noise, plain, settle


def relaxed_plain(**options):
    return sc.relax(plain(), verbose=0, **options)


def test_layers_come_with_the_shapes_of_inputs_that_reach_them():
    model = plain()
    shapes = input_shapes(model, input_specs(model))
    by_name = {
        layer.name: shapes[id(layer)]
        for layer in model._flatten_layers()
        if id(layer) in shapes
    }
    assert by_name["first"] == [(1, 12, 12, 2)]
    assert by_name["inner"] == by_name["block"] == [(1, 6, 6, 4)]
    assert by_name["answers"] == [(1, 5)]
    order = [key for key in shapes if key in map(id, model.layers)]
    assert order[0] == id(model.get_layer("first"))
    assert order[-1] == id(model.get_layer("answers"))


@pytest.mark.slow
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


@pytest.mark.slow
def test_images_of_any_size_need_an_image_size_for_local_students():
    images = keras.Input((None, None, 1))
    model = keras.Model(images, layers.Conv2D(2, 3)(images))
    with pytest.raises(ValueError, match=r"pass `image_size`.*\(None, None"):
        sc.relax(model, student="local", verbose=0)
    relaxed, report = sc.relax(model, image_size=(8, 6), verbose=0)
    assert relaxed.input_shape == (None, 8, 6, 1)
    assert report.layers[0].teacher == "T(2) 8×6"
    with pytest.raises(ValueError, match="takes images of shape"):
        sc.relax(plain(), image_size=13, verbose=0)


@pytest.mark.slow
def test_what_cannot_be_relaxed_remains_with_a_reason():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(3, 3),
            layers.Reshape((36, 3)),
            layers.SeparableConv1D(4, 3, name="separable"),
            layers.DepthwiseConv1D(3, name="depthwise"),
        ]
    )
    settle(model)
    _, report = sc.relax(model, verbose=0)
    assert report.left == {
        "separable": "layers of class SeparableConv1D are not supported",
        "depthwise": "layers of class DepthwiseConv1D are not supported",
    }
    assert report.difference < 1e-5
    with pytest.raises(ValueError, match=r"'separable' cannot be relaxed: .*Conv1D"):
        sc.relax(model, layers="separable", verbose=0)


def test_a_convolution_that_is_called_with_two_sizes_remains_without_regions():
    images = keras.Input((9, 9, 1))
    twice = layers.Conv2D(1, 3, name="twice")
    once = layers.Conv2D(1, 3, padding="same", name="once")
    model = keras.Model(images, twice(twice(once(images))))
    _, report = sc.relax(model, student="local", verbose=0)
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


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: "model.keras", TypeError, "must be a Keras model"),
        (Own, ValueError, "must be built"),
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


def test_what_no_convolution_takes_is_said_once():
    message = r"that can be relaxed\. first, inner.*: `regions` must be [^;]*$"
    with pytest.raises(ValueError, match=message):
        sc.relax(plain(), student="regional", regions=(2, 2, 2), verbose=0)


def test_unknown_names_and_symmetries_are_refused():
    with pytest.raises(ValueError, match=r"\['nowhere'\].*Its convolutions: first, in"):
        sc.relax(plain(), layers=["first", "nowhere"], verbose=0)
    with pytest.raises(ValueError, match="`symmetry` must be one of"):
        sc.relax(plain(), "relaxed", verbose=0)


def pyramid(levels):
    """A head that several sizes share, behind a convolution for one."""
    images = keras.Input((64, 64, 3))
    head = layers.Conv2D(4, 3, padding="same", name="head")
    x = layers.Conv2D(3, 3, padding="same", name="stem")(images)
    outputs = []
    for _ in range(levels):
        outputs.append(head(x))
        x = layers.MaxPooling2D(2)(x)
    return keras.Model(images, outputs)


@pytest.mark.slow
@pytest.mark.parametrize("levels", [2, 3, 5])
def test_a_head_of_any_number_of_sizes_gets_regions(levels):
    model = pyramid(levels)
    relaxed, report = sc.relax(model, verbose=0)
    head, stem = sorted(report.layers, key=lambda row: row.name)
    assert (head.name, stem.name) == ("head", "stem")
    regions = min(4, 64 // 2**levels)  # of the smallest, of at least two outputs
    assert head.student == f"regional {regions}×{regions}"
    assert report.difference < 1e-5
    images = noise(model)
    for found, expected in zip(relaxed(images), model(images), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("levels", [2, 3, 5])
def test_a_head_of_any_number_of_sizes_remains_without_regions(levels):
    _, report = sc.relax(pyramid(levels), student="local", verbose=0)
    assert [row.name for row in report.layers] == ["stem"]
    assert report.left["head"].startswith("it is called with inputs of several sizes")
    assert "64×64 and 32×32" in report.left["head"]
    with pytest.raises(ValueError, match="'head' cannot be relaxed: it is called with"):
        sc.relax(pyramid(levels), student="local", layers="head", verbose=0)


@pytest.mark.parametrize("student", [None, "local"])
def test_a_nested_network_at_two_sizes_is_relaxed_by_regions_only(student):
    head = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(2, 3, name="inner")], name="head"
    )
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(3, 3, padding="same", name="stem")(images)
    model = keras.Model(images, [head(x), head(layers.MaxPooling2D()(x))])
    relaxed, report = sc.relax(model, student=student, verbose=0)
    found = [row.name for row in report.layers], list(report.left)
    assert found == ((["stem"], ["inner"]) if student else (["stem", "inner"], []))
    assert report.difference < 1e-5
    assert relaxed.get_layer("head").input_shape == (None, None, None, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "options", "names"),
    [
        (lambda: functional(Block(4)), {}, ["conv"]),
        (lambda: functional(LateBlock(4)), {}, None),
        (subclassed, {}, ["conv"]),
        (classifier, {}, ["first", "second"]),
        (siamese, {}, ["conv"]),
        (of_an_image_and_facts, {"image_size": (8, 9)}, ["conv"]),
        (
            lambda: functional(
                layers.TimeDistributed(layers.Conv2D(2, 3, name="each")),
                shape=(2, 8, 8, 1),
            ),
            {},
            ["each"],
        ),
        (
            lambda: functional(
                layers.SpectralNormalization(layers.Conv2D(2, 3, name="bounded"))
            ),
            {},
            ["bounded"],
        ),
    ],
)
def test_convolutions_within_other_layers_and_models_are_relaxed(make, options, names):
    model = make()
    relaxed, report = sc.relax(model, verbose=0, **options)
    assert type(relaxed).__name__ == type(model).__name__
    assert report.difference < 1e-5
    assert report.left == {}
    found = sc.networks.convolution_layers(relaxed)
    assert all(isinstance(layer, sc.ClonedConv2D) for layer in found)
    assert len(found) == len(report.layers) == len(names or "12")
    assert names in (None, [row.name for row in report.layers])


@pytest.mark.parametrize(
    "call",
    [
        lambda layer, x: layer(inputs=x),
        lambda layer, x: keras.Sequential([layer])(inputs=x),
    ],
)
def test_layers_and_models_that_are_called_by_keyword_are_relaxed(call):
    images = keras.Input((8, 8, 3))
    model = keras.Model(images, call(layers.Conv2D(2, 3, name="conv"), images))
    _, report = sc.relax(model, verbose=0)
    assert [row.name for row in report.layers] == ["conv"]


class Standardized(layers.Conv2D):
    """A convolution of one's own."""


class Uncalled(layers.Layer):
    """Has a convolution, and does not use it."""

    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(2, 3, name="unused")

    def build(self, shape):
        self.conv.build(shape)

    def call(self, x):
        return x


@pytest.mark.slow
def test_each_convolution_that_remains_has_a_reason_in_one_line():
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 3, padding="same", name="relaxed")(images)
    x = Uncalled()(Standardized(2, 3, name="own")(x))
    model = keras.Model(images, layers.Conv2D(2, 6, name="one")(x))
    _, report = sc.relax(model, verbose=0)
    assert report.left == {
        "own": "its class, Standardized, may compute something else than Conv2D",
        "one": "its output is one position, which has no symmetry",
        "unused": "the network does not call it",
    }
    with pytest.raises(ValueError, match="its class, Uncalled, is not that of a conv"):
        sc.relax(model, layers=["uncalled"], verbose=0)


@pytest.mark.slow
def test_a_network_of_any_size_is_said_to_take_one():
    images = keras.Input((None, None, 3))
    model = keras.Model(images, layers.Conv2D(2, 3)(images))
    _, report = sc.relax(model, image_size=8, verbose=0)
    assert report.notes == (
        "It takes inputs of shape (None, 8, 8, 3) only, where the given network takes "
        "(None, None, None, 3).",
    )


def test_models_without_a_call_are_refused_with_what_they_are_made_of():
    class Autoencoder(keras.Model):
        """Has a training step, and no call."""

        def __init__(self):
            super().__init__()
            self.encoder = keras.Sequential([layers.Conv2D(2, 3)], name="encoder")

    with pytest.raises(ValueError, match=r"has no `call`.*Autoencoder, with encoder"):
        sc.relax(Autoencoder(), verbose=0)


class Keeping(layers.Layer):
    """Has a convolution where it cannot be replaced."""

    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(2, 3, name="kept")

    def build(self, shape):
        self.conv.build(shape)
        self.function = tf.function(self.conv.__call__).get_concrete_function(
            tf.TensorSpec((None, *shape[1:]))
        )

    def call(self, x):
        return self.conv(x)


@pytest.mark.slow
def test_what_cannot_be_replaced_is_not_reported_as_relaxed():
    with pytest.raises(ValueError, match="No layer in 'keeping', a Keeping, can be"):
        sc.relax(functional(Keeping()), verbose=0)
