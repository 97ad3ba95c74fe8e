"""Labelled images in .npz files."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.data.npz import read_npz


def arrays(rng, count=20, **changed):
    found = {
        "x_train": rng.integers(256, size=(count, 18, 16, 3)).astype("uint8"),
        "y_train": np.arange(count) % 4,
        "x_test": rng.integers(256, size=(8, 18, 16, 3)).astype("uint8"),
        "y_test": np.arange(8) % 4,
    }
    return {k: v for k, v in (found | changed).items() if v is not None}


def read(tmp_path, found, seed=0):
    np.savez(tmp_path / "images.npz", **found)
    return read_npz(tmp_path / "images.npz", 0.2, seed)


def test_arrays_are_read_in_an_order_of_their_own(rng, tmp_path):
    given = arrays(rng, y_train=(np.arange(20) % 4)[:, None].astype("uint8"))
    found = read(tmp_path, given)
    assert found.class_names == ["0", "1", "2", "3"]
    assert found.sizes == {(18, 16)}
    assert (found.channels, found.counts) == (3, {"train": 20, "test": 8})
    for split in ("train", "test"):
        pairs = list(found.streams[split]().as_numpy_iterator())
        labels = given[f"y_{split}"].reshape(-1)
        stored = [bytes(image) for image in given[f"x_{split}"]]
        order = [stored.index(bytes(image)) for image, _ in pairs]
        assert sorted(order) == list(range(len(stored))) != order
        assert [label for _, label in pairs] == [labels[index] for index in order]


def test_gray_images_of_fractions_of_255_become_bytes(rng, tmp_path):
    shares = rng.integers(256, size=(20, 18, 16)) / 255
    found = read(tmp_path, arrays(rng, x_train=shares, x_test=None, y_test=None))
    assert found.channels == 1
    assert found.counts == {"train": 16, "test": 4}
    both = [
        image
        for split in ("train", "test")
        for image, _ in found.streams[split]().as_numpy_iterator()
    ]
    expected = np.round(255 * shares).astype("uint8")
    assert sorted(int(image.sum()) for image in both) == sorted(
        int(image.sum()) for image in expected
    )


def test_a_seed_chooses_what_is_tested_on(rng, tmp_path):
    given = arrays(rng, x_test=None, y_test=None)

    def tested(seed):
        found = read(tmp_path, given, seed)
        return [image.sum() for image, _ in found.streams["test"]().as_numpy_iterator()]

    assert tested(0) == tested(0) != tested(1)


def test_class_names_are_read(rng, tmp_path):
    names = np.array(["cat", "dog", "hen", "pig"])
    assert read(tmp_path, arrays(rng, class_names=names)).class_names == list(names)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_test": None}, "lacks y_test. It has: x_train, y_train, x_test"),
        ({"x_train": None}, "lacks x_train"),
        ({"x_test": np.zeros((8, 9, 9, 3), "uint8")}, "x_test of (9, 9, 3)"),
        ({"x_train": np.zeros((20, 9))}, "x_train must have shape"),
        ({"x_train": np.zeros((20, 9, 9, 4), "uint8")}, "1 or 3 channels"),
        (
            {"x_train": np.full((20, 18, 16, 3), 1j)},
            "numbers as pixels, or truth",
        ),
        (
            {"x_train": np.full((20, 18, 16, 3), np.nan)},
            "17,280 pixels are not num",
        ),
        ({"y_train": np.arange(20) / 4}, "must be integers"),
        ({"y_train": np.arange(19) % 4}, "20 images and 19 labels"),
        ({"y_train": np.arange(20) % 4 - 1}, "must be from 0 to 2. Received: y_train"),
        ({"y_test": np.full(8, 4)}, "must be from 0 to 3. Received: y_test from 4"),
        ({"y_train": np.arange(20) % 4 * 2}, "no training image has label 1"),
    ],
)
def test_what_is_none_of_images_and_labels_is_refused(rng, tmp_path, changed, message):
    with pytest.raises(sc.DataError) as error:
        read(tmp_path, arrays(rng, **changed))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


class Mark:
    """Leaves a file where it is unpickled."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return (open, (self.file, "w"))


def test_nothing_is_unpickled(rng, tmp_path):
    marker = tmp_path / "ran"
    pickled = np.array([Mark(marker)] * 20, dtype=object)
    with pytest.raises(sc.DataError, match="objects, which are not unpickled"):
        read(tmp_path, arrays(rng, y_train=pickled))
    assert not marker.exists()


def test_damaged_files_are_refused(rng, tmp_path):
    file = tmp_path / "images.npz"
    np.savez(file, **arrays(rng))
    whole = file.read_bytes()
    for content in (b"", whole[:100], b"no archive"):
        file.write_bytes(content)
        with pytest.raises(sc.DataError, match="cannot be read"):
            read_npz(file, 0.2, 0)
    with pytest.raises(sc.DataError, match="is not a file"):
        read_npz(tmp_path / "nowhere.npz", 0.2, 0)
