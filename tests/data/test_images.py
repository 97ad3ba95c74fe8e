"""Labelled images of one's own, made to fit."""

import numpy as np
import PIL.Image
import pytest

import symclone_tf as sc
from symclone_tf.data.images import fit, open_images


@pytest.fixture
def stripes(tmp_path, rng):
    """An .npz file of images that are higher than wide."""
    x = rng.integers(1, 256, size=(30, 20, 16, 3)).astype("uint8")
    np.savez(tmp_path / "stripes.npz", x_train=x, y_train=np.arange(30) % 3)
    return tmp_path / "stripes.npz"


def test_images_are_padded_to_squares(stripes):
    images = open_images(stripes)
    assert (images.size, images.channels) == (20, 3)
    assert images.class_names == ("0", "1", "2")
    stream = images.stream("train")
    assert len(stream) == images.counts["train"] == 24
    assert stream.element_spec[0].shape == (20, 20, 3)
    image, _ = next(stream.as_numpy_iterator())
    assert image.dtype == np.uint8
    assert not image[:, :2].any()
    assert not image[:, -2:].any()
    assert image[:, 2:-2].all()


def test_images_are_resized_without_stretching_them():
    image = np.zeros((40, 20, 1), "uint8")
    image[::2] = 200  # finer than the smaller image can show
    small = np.array(fit(image, 10))
    assert not small[:, :2].any()
    assert not small[:, -2:].any()
    # Antialiased: gray, where single pixels would be black or white.
    np.testing.assert_allclose(small[2:-2, 3:-3], 100, atol=15)
    large = np.array(fit(image[:10, :10], 20))
    assert large.shape == (20, 20, 1)


def test_a_part_is_the_first_ones(stripes):
    images = open_images(stripes, image_size=16)
    whole = [label for _, label in images.stream("train").as_numpy_iterator()]
    part = images.stream("train", 5)
    assert len(part) == 5
    assert [label for _, label in part.as_numpy_iterator()] == whole[:5]
    with pytest.raises(ValueError, match="at most 24, the train images"):
        images.stream("train", 25)
    with pytest.raises(ValueError, match="`split` must be train or test"):
        images.stream("validation")


def test_images_of_several_sizes_need_one(tmp_path):
    for number in range(8):
        home = tmp_path / "shapes" / "ab"[number % 2]
        home.mkdir(parents=True, exist_ok=True)
        side = 16 + number // 2
        PIL.Image.new("L", (side, 20)).save(home / f"{number}.png")
    with pytest.raises(sc.DataError, match="images of 4 sizes, as 20×16 and 20×17"):
        open_images(tmp_path / "shapes")
    images = open_images(tmp_path / "shapes", image_size=24)
    assert {image.shape for image, _ in images.stream("train").as_numpy_iterator()} == {
        (24, 24, 1)
    }


def test_files_that_cannot_be_read_are_listed(tmp_path, rng):
    for name in "ab":
        (tmp_path / "two" / name).mkdir(parents=True)
        for number in range(4):
            PIL.Image.new("L", (16, 16)).save(tmp_path / "two" / name / f"{number}.png")
    (tmp_path / "two" / "a" / "bad.png").write_text("bad")
    images = open_images(tmp_path / "two")
    assert [path.rpartition("/")[2] for path in images.skipped] == ["bad.png"]
    with pytest.raises(sc.DataError, match="1 file is not a PNG, JPEG"):
        open_images(tmp_path / "two", strict=True)


@pytest.mark.usefixtures("mnist")
def test_names_of_tfds_are_found():
    images = open_images("mnist")
    assert (images.size, images.channels) == (28, 1)
    assert images.counts == {"train": 60_000, "test": 10_000}
    assert images.class_names == tuple("0123456789")
    (image, label), *_ = images.stream("test", 3).as_numpy_iterator()
    (expected, found), *_ = sc.experiments.mnist_task(
        "invariance", split="test", size=3, transformed=False
    ).as_numpy_iterator()
    np.testing.assert_allclose(image / 255, expected[0], atol=1e-6)
    assert label == found[0]


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (
            "no_such_data",
            {},
            sc.DataError,
            "no_such_data is not a data set of tensorflow",
        ),
        (
            3,
            {},
            sc.DataError,
            "`data` must be one of: .* Received: an object of type int",
        ),
        ([1, 2, 3], {}, sc.DataError, "Received: an object of type list"),
        ("FOLDER/none.npz", {}, sc.DataError, "is not a file"),
        ("FOLDER/none", {}, sc.DataError, "there is no such folder or .npz file"),
        (
            "FOLDER/notes.txt",
            {},
            sc.DataError,
            "a folder with one sub-folder.*; an .npz file.*notes.txt",
        ),
        ("STRIPES", {"image_size": 8}, ValueError, "from 16 to 512 pixels"),
        ("STRIPES", {"image_size": -1}, ValueError, "`image_size` must be a positive"),
        ("STRIPES", {"test_share": 1.0}, ValueError, "`test_share` must be more"),
        ("mnist", {"keep_together": "p"}, ValueError, "is for folders of images"),
        ("STRIPES", {"keep_together": "("}, ValueError, "must be a regular expression"),
    ],
)
def test_anything_else_is_refused(stripes, data, options, error, message):
    (stripes.parent / "notes.txt").touch()
    if isinstance(data, str):
        data = data.replace("FOLDER", str(stripes.parent)).replace(
            "STRIPES", str(stripes)
        )
    with pytest.raises(error, match=message):
        open_images(data, **options)


def test_one_class_is_refused(tmp_path):
    file = tmp_path / "one.npz"
    np.savez(file, x_train=np.zeros((8, 16, 16), "uint8"), y_train=np.zeros(8, int))
    with pytest.raises(sc.DataError, match="one class only, 0: a classifier needs two"):
        open_images(file)


@pytest.mark.usefixtures("mnist")
def test_mnist_is_no_folder_that_happens_to_be_there(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / "mnist" / name).mkdir(parents=True)
        for number in range(4):
            file = tmp_path / "mnist" / name / f"{number}.png"
            PIL.Image.new("L", (16, 16)).save(file)
    monkeypatch.chdir(tmp_path)
    assert open_images("mnist").counts["train"] == 60_000
    assert open_images("./mnist").counts["train"] == 6


@pytest.mark.slow
def test_batches_are_from_0_to_1_and_training_ones_in_another_order(tmp_path):
    x = np.arange(20, dtype="uint8")[:, None, None].repeat(16, 1).repeat(16, 2)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(20) % 2)
    images = open_images(tmp_path / "a.npz")

    def levels(split):
        found = np.concatenate([x for x, _ in images.batches(split, batch_size=3)])
        assert found.dtype == np.float32
        return (255 * found[:, 0, 0, 0]).round().tolist()

    train, test = images.batches("train"), levels("test")
    assert train.element_spec[0].shape == (None, 16, 16, 1)
    first, second = levels("train"), levels("train")
    assert sorted(first + test) == list(range(20))
    assert levels("test") == test
    epochs = [[float(x[0, 0, 0]) for x, _ in train.unbatch()] for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert first == second


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_deep_images_are_resized_and_padded_as_floats(rng, dtype):
    x = rng.integers(np.iinfo(dtype).max + 1, size=(10, 20, 16), dtype=dtype)
    for size in (None, 24):
        images = open_images((x, np.arange(10) % 2), size)
        assert images.dtype == ("uint8" if dtype == "uint8" else "float32")
        side = size or 20
        assert images.bytes_at(side) == side**2 * (1 if dtype == "uint8" else 4)
        assert images.stream("train").element_spec[0].dtype == images.dtype
        ((batch, _),) = images.batches("train", 8).as_numpy_iterator()
        assert batch.shape == (8, side, side, 1)
        assert 0 <= batch.min() <= batch.max() <= 1
        assert batch.max() > 0.9
    assert bool(images.notes) == (dtype == "uint16")
