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


@pytest.mark.slow
def test_tensors_and_lists_are_arrays(images):
    expected = sc.data.open_images((images, LABELS))
    for given in (
        (tf.constant(images), tf.constant(LABELS)),
        [images.tolist(), LABELS.tolist()],
    ):
        found = sc.data.open_images(given)
        assert contents(found, "train") == contents(expected, "train")


def test_fractions_of_255_become_bytes_and_others_keep_their_levels(rng):
    levels = rng.integers(256, size=(30, 16, 16)).astype("uint8")
    for shares, dtype in ((levels / 255, "uint8"), (levels / 510, "float32")):
        found = sc.data.open_images((shares, LABELS))
        assert (found.channels, found.dtype, found.notes) == (1, dtype, ())
        both = [image for s in ("train", "test") for image, _ in contents(found, s)]
        expected = levels if dtype == "uint8" else shares.astype("float32")
        assert sorted(both) == sorted(image.tobytes() for image in expected)


@pytest.mark.slow
def test_a_rare_class_is_trained_and_tested_on(images):
    labels = np.array([0] * 25 + [1] * 3 + [2] * 2)
    for seed in range(5):
        found = sc.data.open_images((images, labels), seed=seed)
        train, test = (contents(found, split) for split in ("train", "test"))
        counts = [np.bincount([label for _, label in s]) for s in (train, test)]
        np.testing.assert_array_equal(counts, [[20, 2, 1], [5, 1, 1]])


def test_images_of_one_group_stay_together(images):
    groups = np.repeat([f"patient {n}" for n in range(10)], 3)
    stored = {image.tobytes(): group for image, group in zip(images, groups)}
    names = ("groups_train", "groups")
    given = {"x_train": images, "y_train": LABELS}
    for name in names:
        found = sc.data.open_images(given | {name: groups})
        apart = [{stored[x] for x, _ in contents(found, s)} for s in found.counts]
        assert found.counts == {"train": 24, "test": 6}
        assert [len(each) for each in apart] == [8, 2]
        assert not apart[0] & apart[1]
    with pytest.raises(sc.DataError, match="groups_train and groups: give one"):
        sc.data.open_images(given | dict.fromkeys(names, groups))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": np.zeros(30, int)}, "all images of label 0 are of one group"),
        (
            {"groups": np.arange(29)},
            "groups must be integers or strings of shape (30",
        ),
        ({"groups": np.arange(30) / 2}, "Received: float64 of shape (30,)"),
        ({"groups": np.arange(30), "y_test": LABELS}, "test has images, but no groups"),
        ({"groups_test": np.arange(30), "y_test": LABELS}, "train has images, but no"),
        ({"groups": LABELS, "groups_test": LABELS}, "test has groups, but no images"),
        (
            {"groups": LABELS, "y_test": LABELS, "groups_test": LABELS + 2},
            "1 groups have images in both train and test, the first of them 2",
        ),
    ],
)
def test_groups_that_cannot_be_kept_apart_are_refused(images, change, message):
    given = {"x_train": images, "y_train": LABELS} | change
    if "y_test" in given:
        given["x_test"] = images
    with pytest.raises(sc.DataError) as error:
        sc.data.open_images(given)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y[:-1]), "data in memory: there are 30 images and 29 labels"),
        (lambda x, y: (x[0, 0], y), "data in memory: x_train must have shape"),
        (lambda x, y: (x, y / 2), "data in memory: y_train must be integers"),
        (lambda x, y: (1j * x, y), "x_train must have numbers as pixels"),
        (
            lambda x, y: (np.where(x > 99, np.nan, x), y),
            "pixels are not numbers, but NaN or infinite, in 30 images, the first",
        ),
        (lambda x, y: (x[:3], y[:3]), "label 0 has one image only"),
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
