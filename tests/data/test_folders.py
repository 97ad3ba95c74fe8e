"""Labelled images in folders."""

import warnings

import numpy as np
import PIL.Image
import pytest

import symclone_tf as sc
from symclone_tf.data.folders import read_folder
from symclone_tf.data.sources import Reading

from image_files import slope, write_classes, write_png


@pytest.fixture
def folder(tmp_path, rng):
    """Two classes of ten gray images, PNG and JPEG."""
    for label, name in enumerate(("cats", "dogs")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(10):
            suffix = ("png", "JPG", "jpeg")[number % 3]
            write(tmp_path / "pets" / name / f"{number}.{suffix}", 40 * label + number)
    return tmp_path / "pets"


def write(file, value, shape=(18, 16)):
    PIL.Image.fromarray(np.full(shape, value, "uint8")).save(file)


def read(folder, **options):
    return read_folder(folder, Reading(**options))


def values(found, split):
    """The first pixel of each image, and its label."""
    pairs = found.streams[split]().as_numpy_iterator()
    return [(int(image[0, 0, 0]), int(label)) for image, label in pairs]


def test_sub_folders_are_classes(folder):
    found = read(folder)
    assert found.class_names == ["cats", "dogs"]
    assert found.sizes == {(18, 16)}
    assert (found.channels, found.counts) == (1, {"train": 16, "test": 4})
    assert not found.skipped
    train, test = values(found, "train"), values(found, "test")
    assert sorted(train + test) == sorted(
        (40 * label + number, label) for label in (0, 1) for number in range(10)
    )
    # The same share of each class is tested on, and classes come mixed.
    assert sorted(label for _, label in test) == [0, 0, 1, 1]
    assert [label for _, label in train] != sorted(label for _, label in train)


def test_a_seed_chooses_what_is_tested_on(folder):
    first, again, other = (values(read(folder, seed=s), "test") for s in (0, 0, 1))
    assert first == again != other


def test_train_and_test_may_be_apart(tmp_path):
    for split, count in (("train", 5), ("test", 3)):
        for label, name in enumerate("ab"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count):
                write(tmp_path / split / name / f"{number}.png", 10 * label + number)
    found = read(tmp_path)
    assert found.counts == {"train": 10, "test": 6}
    assert {value for value, _ in values(found, "test")} == {0, 1, 2, 10, 11, 12}
    (tmp_path / "test" / "c").mkdir()
    with pytest.raises(sc.DataError, match="c is not a class of both train and test"):
        read(tmp_path)


def test_one_image_in_colour_makes_all_of_them_so(folder):
    write(folder / "cats" / "red.png", 7, (18, 16, 3))
    found = read(folder)
    assert found.channels == 3
    image, _ = next(found.streams["train"]().as_numpy_iterator())
    assert image.shape == (18, 16, 3)


def test_what_cannot_be_read_is_named_and_left_out(folder):
    whole = (folder / "cats" / "1.JPG").read_bytes()
    (folder / "cats" / "short.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "dogs" / "notes.txt").write_text("not an image")
    (folder / "dogs" / "other.png").write_bytes(b"nothing")
    PIL.Image.fromarray(np.zeros((9, 9), "uint8")).save(
        folder / "dogs" / "moving.png", format="GIF"
    )
    (folder / "dogs" / ".hidden").write_text("of the system")
    found = read(folder)
    names = sorted(path.rpartition("/")[2] for path in found.skipped)
    assert names == ["moving.png", "notes.txt", "other.png", "short.jpg"]
    assert found.counts == {"train": 16, "test": 4}
    with pytest.raises(sc.DataError, match=r"4 files are not a PNG, JPEG, TIFF,.* can"):
        read(folder, strict=True)


def test_what_is_too_large_to_decode_is_left_out(folder, monkeypatch):
    write(folder / "cats" / "large.png", 7, (40, 40))
    monkeypatch.setattr("symclone_tf.data.decoded.MOST_FILE_PIXELS", 1000)
    found = read(folder)
    assert [path.rpartition("/")[2] for path in found.skipped] == ["large.png"]
    assert found.notes[0].startswith("1 file is left out, of more than 1,000 pixels: ")
    assert found.counts == {"train": 16, "test": 4}
    # Pillow's own limit, a warning that the process shows once, says nothing here.
    monkeypatch.setattr("symclone_tf.data.decoded.MOST_FILE_PIXELS", 1600)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
    for _ in range(2):
        assert not read(folder).skipped


def test_filters_of_warnings_stay_as_they_are(folder):
    for number in range(200):
        write(folder / "cats" / f"more{number}.png", 7)
    before = list(warnings.filters)
    for _ in range(3):
        read(folder)
    assert warnings.filters == before


def test_an_empty_class_is_refused(folder):
    (folder / "hens").mkdir()
    with pytest.raises(sc.DataError, match="hens has no images that can be read"):
        read(folder)


def test_a_class_of_one_image_is_refused(folder):
    (folder / "hens").mkdir()
    write(folder / "hens" / "0.png", 3)
    with pytest.raises(sc.DataError, match="hens has one image only"):
        read(folder)
    write(folder / "hens" / "1.png", 3)
    for share in (0.01, 0.2, 0.99):
        found = read(folder, test_share=share)
        assert {label for _, label in values(found, "train")} == {0, 1, 2}
        assert {label for _, label in values(found, "test")} == {0, 1, 2}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_images_of_any_mode_are_decoded_as_they_were_checked(folder, mode):
    suffix = "jpg" if mode == "CMYK" else "png"
    image = PIL.Image.new(mode, (16, 18))
    image.save(folder / "cats" / f"odd.{suffix}")
    found = read(folder)
    assert not found.skipped
    shapes = {
        image.shape
        for split in ("train", "test")
        for image, _ in found.streams[split]().as_numpy_iterator()
    }
    assert shapes == {(18, 16, found.channels)}


def test_folders_within_classes_are_refused(folder):
    (folder / "cats" / "young").mkdir()
    with pytest.raises(sc.DataError, match="young is a folder within a class"):
        read(folder)


def test_images_and_masks_are_no_classes(folder):
    (folder / "cats").rename(folder / "images")
    for home in [home for home in folder.iterdir() if home.name != "images"]:
        home.rename(folder / "masks")
    with pytest.raises(sc.DataError, match="has images and masks, and these are no"):
        read(folder)


def test_links_that_point_outside_of_the_folder_are_refused(folder, tmp_path):
    write(tmp_path / "secret.png", 3)
    (folder / "cats" / "inside.png").symlink_to(folder / "cats" / "0.png")
    assert read(folder).counts["train"] == 17
    (folder / "cats" / "outside.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(
        sc.DataError, match=r"outside\.png is a link that points outside"
    ):
        read(folder)
    (folder / "cats" / "outside.png").unlink()
    (folder / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(sc.DataError, match="elsewhere is a link that points outside"):
        read(folder)


def test_a_folder_without_classes_is_refused(tmp_path):
    write(tmp_path / "0.png", 3)
    with pytest.raises(sc.DataError, match="has no sub-folders"):
        read(tmp_path)


def test_deep_and_turned_images_come_in_one_scale_upright_and_with_notes(tmp_path):
    image = slope("uint16", most=4000)

    def write_deep(path, number):
        exif = PIL.Image.Exif()
        exif[0x0112] = 6 if number % 2 else 1
        stored = np.rot90(image) if number % 2 else image
        stored = PIL.Image.fromarray(np.ascontiguousarray(stored // (1 + number // 2)))
        stored.save(f"{path}.png", exif=exif)

    found = read(write_classes(tmp_path / "deep", write_deep))
    assert (found.dtype, found.channels, found.sizes) == ("float32", 1, {(17, 22)})
    turned, white = found.notes
    assert turned.startswith(
        "5 files are turned upright, as their orientation tag says"
    )
    assert white == "10 images of integers up to 4000: 4095 is white"
    expected = [(image // divided / 4095).astype("float32") for divided in range(1, 6)]
    for split in ("train", "test"):
        for x, _ in found.streams[split]().as_numpy_iterator():
            assert sum(np.array_equal(x[..., 0], each) for each in expected) == 1


def test_bytes_and_deep_images_gray_and_coloured_ones_may_mix(folder):
    deep = slope("uint16", height=18, width=16, most=4000)
    PIL.Image.fromarray(deep).save(folder / "cats" / "deep.png")
    write(folder / "dogs" / "red.png", 255, (18, 16, 3))
    found = read(folder)
    assert (found.channels, found.dtype) == (3, "float32")
    gray, white, others = found.notes
    assert gray.startswith("21 files are gray among images in colour, which all became")
    assert white == "1 image of integers up to 4000: 4095 is white"
    assert others == "21 images of bytes, among others: 255 became 1"
    images = [x for s in found.streams.values() for x, _ in s().as_numpy_iterator()]
    stored = np.stack([(deep / 4095).astype("float32")] * 3, axis=-1)
    assert sum(np.array_equal(image, stored) for image in images) == 1
    assert sorted(image.max() for image in images)[-1] == 1


def test_masks_become_black_and_white(tmp_path):
    mask = (slope(most=9) > 4).astype("uint8")
    folder = write_classes(tmp_path / "masks", lambda p, _: write_png(p, mask))
    found = read(folder)
    assert found.notes == ["10 images with nothing but 0 and 1: 1 became white"]
    image, _ = next(found.streams["train"]().as_numpy_iterator())
    np.testing.assert_array_equal(image[..., 0], 255 * mask)


def test_files_of_one_patient_stay_together(tmp_path):
    def write_patient(path, number):
        write(f"{path}-p{number // 3}.png", number)

    folder = write_classes(tmp_path / "slides", write_patient, count=15)
    for seed in range(3):
        found = read(folder, keep_together=r"-(p\d+)", seed=seed)
        assert found.counts == {"train": 24, "test": 6}
        train, test = (
            {value // 3 for value, _ in values(found, split)} for split in found.counts
        )
        assert not train & test
    with pytest.raises(sc.DataError, match=r"30 files do not match .* them a/0-p0\.p"):
        read(folder, keep_together="(q[0-9]+)")
    with pytest.raises(sc.DataError, match="all images of a are of one group"):
        read(folder, keep_together="^a|b")


def test_patients_in_both_train_and_test_are_refused(tmp_path):
    for split, numbers in (("train", (1, 2, 3)), ("test", (3, 4))):
        for name in "ab":
            (tmp_path / split / name).mkdir(parents=True)
            for number in numbers:
                write(tmp_path / split / name / f"p{number}.png", number)
    assert read(tmp_path, keep_together=r"(train|test)/./p\d").counts["train"] == 6
    with pytest.raises(sc.DataError, match="1 groups have images in both train"):
        read(tmp_path, keep_together=r"p\d")
