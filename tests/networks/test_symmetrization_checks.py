"""What is refused before a network is made symmetric, and where channels are."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from symclone_tf.networks.network_inputs import input_specs
from symclone_tf.networks.selection import input_shapes
from symclone_tf.networks.symmetrization_checks import (
    checked_group,
    checked_images,
    data_format_at_inputs,
)
from symclone_tf.symmetry import PointGroup

UP_DOWN = ((-1, 0), (0, 1))


@pytest.mark.parametrize("name", ["updown", "flip"])
def test_groups_that_files_cannot_name_are_refused(name):
    with pytest.raises(ValueError, match=f"a group of one's own, named '{name}'"):
        checked_group(PointGroup(name, "Up-down", [UP_DOWN]))
    assert checked_group("c8").order == 8


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


@pytest.mark.parametrize(
    ("make", "data_format"),
    [
        (last_then_first, "channels_last"),
        (flattened, "channels_last"),
        (first, "channels_first"),
    ],
)
def test_channels_are_where_a_layer_takes_them_from_images(make, data_format):
    model = make()
    specs = input_specs(model)
    shapes = input_shapes(model, specs)
    assert data_format_at_inputs(model, shapes, specs) == data_format


SPEC = keras.KerasTensor((None, 4, 5, 3), "float32")


@pytest.mark.parametrize(
    "make", [np.asarray, tf.constant, lambda x: x.tolist()], ids=["array", "tf", "list"]
)
def test_images_are_arrays_or_like_them(make, rng):
    images = rng.normal(size=(2, 4, 5, 3)).astype("float32")
    np.testing.assert_array_equal(checked_images(make(images), SPEC), images)


def test_images_have_the_structure_of_inputs(rng):
    images = {"a": rng.normal(size=(2, 4, 5, 3)), "b": rng.normal(size=(2, 7))}
    specs = {"a": SPEC, "b": keras.KerasTensor((None, 7), "float32")}
    found = checked_images(images, specs)
    assert {name: each.shape for name, each in found.items()} == {
        "a": (2, 4, 5, 3),
        "b": (2, 7),
    }
    with pytest.raises(ValueError, match=r"\(count, 4, 5, 3\), \(count, 7\)"):
        checked_images({"a": images["a"]}, specs)


@pytest.mark.parametrize(
    ("images", "given"),
    [
        (np.zeros((2, 5, 4, 3)), r"\(2, 5, 4, 3\)"),
        (np.zeros((4, 5, 3)), r"\(4, 5, 3\)"),
        (np.zeros((0, 4, 5, 3)), r"\(0, 4, 5, 3\)"),
        ("malaria", "an object of type str"),
        (tf.data.Dataset.range(3), "an object of type _RangeDataset"),
    ],
)
def test_other_images_are_refused_in_one_line(images, given):
    message = r"arrays of shape \(count, 4, 5, 3\), as the model takes. Received: "
    with pytest.raises(ValueError, match=f"{message}{given}$"):
        checked_images(images, SPEC)
