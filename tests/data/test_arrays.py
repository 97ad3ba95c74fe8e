"""Labelled images in arrays in memory."""

import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.data.arrays import ArraySource


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(30, 18, 16, 3)).astype("uint8")


LABELS = np.arange(30) % 3


def contents(found, split):
    pairs = found.streams[split]().as_numpy_iterator()
    return [(image.tobytes(), int(label)) for image, label in pairs]


def test_a_pair_is_what_a_file_of_it_is(images, tmp_path):
    np.savez(tmp_path / "a.npz", x_train=images, y_train=LABELS)
    given = sc.data.open_images((images, LABELS))
    stored = sc.data.open_images(tmp_path / "a.npz")
    for split in ("train", "test"):
        assert contents(given, split) == contents(stored, split)
    assert (given.name, given.counts) == ("data in memory", {"train": 24, "test": 6})


def test_dictionaries_have_test_images_and_names(images):
    given = {"x_train": images, "y_train": LABELS}
    given |= {"x_test": images[:9], "y_test": LABELS[:9], "class_names": list("abc")}
    found = sc.data.open_images(given)
    assert found.counts == {"train": 30, "test": 9}
    assert found.class_names == ("a", "b", "c")


def test_tensors_and_lists_are_arrays(images):
    expected = sc.data.open_images((images, LABELS))
    for given in (
        (tf.constant(images), tf.constant(LABELS)),
        [images.tolist(), LABELS.tolist()],
    ):
        found = sc.data.open_images(given)
        assert contents(found, "train") == contents(expected, "train")


def test_shares_of_one_and_missing_channels_become_bytes(rng):
    shares = rng.uniform(size=(30, 16, 16))
    found = sc.data.open_images((shares, LABELS))
    assert found.channels == 1
    both = [image for s in ("train", "test") for image, _ in contents(found, s)]
    expected = np.round(255 * shares).astype("uint8")
    assert sorted(both) == sorted(image.tobytes() for image in expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y[:-1]), "data in memory: there are 30 images and 29 labels"),
        (lambda x, y: (x[0, 0], y), "data in memory: x_train must have shape"),
        (lambda x, y: (x, y / 2), "data in memory: y_train must be integers"),
        (lambda x, y: (2.0 * x, y), "x_train must be bytes, or numbers from 0 to 1"),
        (lambda x, y: {"x_train": x}, "data in memory lacks y_train. It has: x_train"),
        (lambda x, y: ([[1], [1, 2]], y), "not every value is an array"),
        (lambda x, y: (x, 0 * y), "data in memory has one class only"),
    ],
)
def test_what_is_not_images_and_labels_is_refused(images, change, message):
    with pytest.raises(sc.DataError) as error:
        sc.data.open_images(change(images, LABELS))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_pairs_and_dictionaries_are_taken_and_nothing_else():
    assert ArraySource.takes((1, 2))
    assert ArraySource.takes({"x_train": 1})
    for other in ("cifar10", (1, 2, 3), {"train": 1}, None):
        assert not ArraySource.takes(other)
