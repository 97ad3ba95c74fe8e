"""What is refused before a network is made symmetric, and where channels are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.networks.symmetrization_checks import (
    checked_group,
    checked_images,
)
from symclone_tf.symmetry import PointGroup

UP_DOWN = ((-1, 0), (0, 1))


@pytest.mark.parametrize("name", ["updown", "flip"])
def test_groups_that_files_cannot_name_are_refused(name):
    with pytest.raises(ValueError, match=f"a group of one's own, named '{name}'"):
        checked_group(PointGroup(name, "Up-down", [UP_DOWN]))
    assert checked_group("c8").order == 8


FIRST = {"data_format": "channels_first"}


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
