"""Images and maps are transformed along height and width, wherever these are."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import symclone_tf as sc
from symclone_tf.networks.channel_positions import image_channels, output_channels
from symclone_tf.networks.network_inputs import input_specs
from symclone_tf.networks.selection import input_shapes

from processors import NEEDS_CHANNELS_FIRST

FIRST = {"data_format": "channels_first"}


def last_then_first():
    """Only the layer at the images counts."""
    x = keras.Input((6, 6, 3))
    y = layers.Permute((3, 1, 2))(layers.Conv2D(4, 3)(x))
    return keras.Model(x, layers.GlobalMaxPooling2D(**FIRST)(y))


def flattened():
    x = keras.Input((6, 6, 3))
    return keras.Model(x, layers.Flatten(**FIRST)(x))


def first():
    x = keras.Input((3, 6, 6))
    return keras.Model(x, layers.MaxPooling2D(2, **FIRST)(layers.Rescaling(2.0)(x)))


class Patches(layers.Layer):
    """A layer of one's own with a kernel, which says nothing of channels."""

    kernel_size = (2, 2)

    def call(self, images):
        return images[:, ::2, ::2]


def own():
    x = keras.Input((6, 6, 3))
    return keras.Model(x, Patches()(x))


def exact():
    x = keras.Input((6, 6, 3))
    return keras.Model(x, sc.GroupConv2D(2, 3, "c4")(x))


MOVES = {
    "layer": layers.Permute((2, 3, 1)),
    "transpose": lambda x: ops.transpose(x, (0, 2, 3, 1)),
    "moveaxis": lambda x: ops.moveaxis(x, 1, -1),
    "swapaxes": lambda x: ops.swapaxes(x, 1, 3),
}


def permuted(move="layer"):
    """As converters of networks of other frameworks write them."""
    x = keras.Input((3, 8, 8))
    last = MOVES[move](x)
    y = layers.Conv2D(4, 3, 2, "same", activation="relu")(last)
    return keras.Model(x, layers.Dense(3, "softmax")(layers.Flatten()(y)))


def nested(model):
    x = keras.Input(model.input_shape[1:])
    return keras.Model(x, layers.Rescaling(2.0)(model(x)))


@pytest.mark.parametrize(
    ("make", "data_format"),
    [
        (last_then_first, "channels_last"),
        (flattened, "channels_last"),
        (first, "channels_first"),
        (own, "channels_last"),
        (exact, "channels_last"),
        (permuted, "channels_first"),
        (lambda: permuted("moveaxis"), "channels_first"),
        (lambda: nested(permuted("transpose")), "channels_first"),
    ],
)
def test_channels_are_where_a_layer_takes_them_from_images(make, data_format):
    model = make()
    specs = input_specs(model)
    shapes = input_shapes(model, specs)
    assert image_channels(model, shapes, specs) == data_format


@pytest.mark.parametrize("move", MOVES)
def test_networks_that_move_channels_become_invariant(rng, move):
    model = permuted(move)
    made, report = sc.symmetrize(model, "d4")
    images = rng.normal(size=(2, 3, 8, 8)).astype("float32")
    expected = np.array(made(images))
    for turned in (images[..., ::-1], np.rot90(images, axes=(2, 3))):
        np.testing.assert_allclose(made(turned.copy()), expected, atol=1e-6)
    assert report.deviation < 1e-6 < 1e-3 < report.deviation_before


def dense():
    x = keras.Input((3, 8, 8))
    return keras.Model(x, layers.Dense(2)(layers.Flatten()(x)))


def test_channels_that_nothing_tells_of_are_asked_for(rng):
    with pytest.raises(ValueError, match=r"No layer tells .*shape \(3, 8, 8\)"):
        sc.symmetrize(dense(), "flip")
    with pytest.raises(ValueError, match=r"`data_format` must be .*last_channels"):
        sc.symmetrize(dense(), "flip", data_format="last_channels")
    made, _ = sc.symmetrize(dense(), "flip", **FIRST)
    images = rng.normal(size=(2, 3, 8, 8)).astype("float32")
    flipped = images[..., ::-1].copy()
    np.testing.assert_allclose(made(images), made(flipped), atol=1e-6)


def moved_back():
    """Channels are first in images and last in maps."""
    x = keras.Input((3, 8, 8))
    y = layers.Conv2D(4, 3, padding="same", **FIRST)(x)
    return keras.Model(x, layers.Activation("tanh")(layers.Permute((2, 3, 1))(y)))


@NEEDS_CHANNELS_FIRST
@pytest.mark.parametrize("make", [moved_back, lambda: nested(moved_back())])
def test_maps_may_have_them_elsewhere(rng, make):
    model = make()
    assert output_channels(model, "channels_first") == ["channels_last"]
    made, report = sc.symmetrize(model, "d4")
    images = rng.normal(size=(2, 3, 8, 8)).astype("float32")
    turned = made(np.rot90(images, axes=(2, 3)).copy())
    expected = np.rot90(np.array(made(images)), axes=(1, 2))
    np.testing.assert_allclose(turned, expected, atol=1e-5)
    assert report.deviation < 1e-5 < 1e-2 < report.deviation_before


class Moving(keras.Model):
    """Moves channels back and forth, where only its class knows."""

    def __init__(self):
        super().__init__()
        self.back, self.forth = layers.Permute((2, 3, 1)), layers.Permute((3, 1, 2))

    def call(self, images):
        return self.forth(self.back(images))


def test_models_that_move_them_several_times_must_be_functional():
    model = Moving()
    model(np.zeros((1, 3, 8, 8), "float32"))
    with pytest.raises(ValueError, match=r"functional models alone.*layers permute"):
        output_channels(model, "channels_first")
