"""Which convolutions let an image's copies learn of each other."""

import keras
import numpy as np
import pytest
from keras import layers

from symclone_tf.networks.copies_selection import copies_layer, select_for_copies
from symclone_tf.networks.network_inputs import input_specs
from symclone_tf.networks.selection import input_shapes
from symclone_tf.symmetry import get_group


@pytest.fixture(scope="module")
def model():
    return keras.Sequential(
        [
            keras.Input((9, 9, 2)),
            layers.Conv2D(3, 3, name="first"),
            layers.Conv2D(4, 3, name="second", activation="relu"),
            layers.Conv2D(5, 1, name="pixel"),
            layers.DepthwiseConv2D(3, name="depthwise"),
        ]
    )


def chosen(model, wanted, symmetry="anchored"):
    shapes = input_shapes(model, input_specs(model))
    found = select_for_copies(model, shapes, wanted, symmetry, get_group("c4"))
    assert list(found) == [id(layer) for _, layer, _ in found.values()]
    return {name: each for name, _, each in found.values()}


def test_frozen_ones_are_chosen_by_name_only(model):
    assert chosen(model, None, "frozen") == {}
    assert chosen(model, "first", "frozen") == {"first": "frozen"}


def test_the_last_larger_than_a_pixel_may_break_the_symmetry(model):
    assert chosen(model, None) == {"second": "anchored"}


def test_names_may_have_a_symmetry_each(model):
    wanted = {"second": "trainable", "first": "frozen"}
    assert chosen(model, wanted) == {"first": "frozen", "second": "trainable"}
    assert chosen(model, ["pixel", "first"]) == {
        "first": "anchored",
        "pixel": "anchored",
    }


def test_a_callable_chooses_among_those_that_can(model):
    assert list(chosen(model, lambda layer: True)) == ["first", "second", "pixel"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            "third",
            r"no convolutions named \['third'\]. Its convolutions: first, second",
        ),
        ("depthwise", "'depthwise' cannot become one of copies: it is not a Conv2D"),
        ({"first": "loose"}, "must be one of frozen, .* Received: first=loose"),
    ],
)
def test_others_are_refused(model, wanted, message):
    with pytest.raises(ValueError, match=message):
        chosen(model, wanted)


def test_networks_without_such_layers_are_refused():
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten()])
    with pytest.raises(ValueError, match="no Conv2D with one group of channels"):
        chosen(model, None)


@pytest.mark.parametrize(
    ("symmetry", "regions"), [("frozen", (1, 1, 1)), ("anchored", (4, 2, 3))]
)
def test_copies_and_regions_get_weights_of_their_own_unless_frozen(
    model, symmetry, regions, rng
):
    layer = model.get_layer("second")
    shape, group = (None, 7, 7, 3), get_group("c4")
    made = copies_layer(layer, shape, group, symmetry, (2, 3), use_bias=True)
    assert made.student.regions == regions
    assert made.symmetry == symmetry
    copies = rng.normal(size=(8, 7, 7, 3)).astype("float32")
    np.testing.assert_allclose(made(copies), layer(copies), atol=1e-5)
