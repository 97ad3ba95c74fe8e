import re

import numpy as np
import PIL.Image
import pytest

from symclone_tf.data.segmented_folders import read_segmented_folder
from symclone_tf.data.sources import Reading
from symclone_tf.errors import DataError

from segmented import shapes, write_pairs

IMAGES, MASKS = shapes(10)


def pairs_of(found, split):
    return [
        (x.tobytes(), y.tobytes())
        for x, y in found.streams[split]().as_numpy_iterator()
    ]


@pytest.mark.parametrize("ending", ["", "_mask", "_seg"])
def test_each_image_has_its_mask(tmp_path, ending):
    found = read_segmented_folder(
        write_pairs(tmp_path, IMAGES, MASKS, ending), Reading()
    )
    assert found.counts == {"train": 8, "test": 2}
    assert found.class_names == ["0", "1", "2"]
    both = [pairs_of(found, split) for split in ("train", "test")]
    wanted = {
        (x[..., None].tobytes(), y.astype("int32").tobytes())
        for x, y in zip(IMAGES, MASKS)
    }
    assert set(both[0]) | set(both[1]) == wanted
    assert not set(both[0]) & set(both[1])


def test_train_and_test_stay_what_they_are(tmp_path):
    for split, part in (("train", slice(6)), ("test", slice(6, 10))):
        write_pairs(tmp_path / split, IMAGES[part], MASKS[part])
    found = read_segmented_folder(tmp_path, Reading())
    assert found.counts == {"train": 6, "test": 4}
    tested = {x for x, _ in pairs_of(found, "test")}
    assert tested == {x[..., None].tobytes() for x in IMAGES[6:]}


def test_groups_stay_together(tmp_path):
    write_pairs(tmp_path, IMAGES, MASKS)
    names = [f"{number // 2}-{number % 2}" for number in range(10)]
    for folder in ("images", "masks"):
        for number, name in enumerate(names):
            (tmp_path / folder / f"{number}.png").rename(
                tmp_path / folder / f"slide{name}.png"
            )
    found = read_segmented_folder(tmp_path, Reading(keep_together="slide([0-9]+)"))
    tested = {x for x, _ in pairs_of(found, "test")}
    slides = {n // 2 for n in range(10) if IMAGES[n][..., None].tobytes() in tested}
    assert (len(tested), len(slides)) == (2, 1)


def broken(folder, what):
    mask, image = folder / "masks" / "3.png", folder / "images" / "3.png"
    if what == "missing":
        mask.unlink()
    if what == "size":
        PIL.Image.fromarray(MASKS[3][:8]).save(mask)
    if what == "colour":
        PIL.Image.fromarray(np.stack([MASKS[3]] * 3, -1)).save(mask)
    if what == "twice":
        PIL.Image.fromarray(MASKS[3]).save(folder / "masks" / "3.tif")
    if what == "folder":
        (folder / "masks" / "more").mkdir()
    if what == "no masks":
        (folder / "masks").rename(folder / "labels")
    if what == "image":
        image.write_bytes(b"nothing")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("missing", "images/3.png has no mask: .*/masks must have a file 3, or 3_mask"),
        (
            "size",
            "1 file is of another size than their images, 8×16 and 16×16: .*3.png",
        ),
        ("colour", r"1 file is no mask: it has colours \(RGB\)"),
        ("twice", "3.tif and .*3.png would be masks of the same image"),
        ("folder", "more is a folder within masks"),
        (
            "no masks",
            "has no folder masks: for segmentation there are images and masks",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, what, message):
    broken(write_pairs(tmp_path, IMAGES, MASKS), what)
    with pytest.raises(DataError, match=message) as error:
        read_segmented_folder(tmp_path, Reading())
    assert "\n" not in str(error.value)


def test_images_that_cannot_be_read_are_left_out_or_refused(tmp_path):
    broken(write_pairs(tmp_path, IMAGES, MASKS), "image")
    found = read_segmented_folder(tmp_path, Reading())
    assert sum(found.counts.values()) == 9
    assert any(re.match("1 file is left out", note) for note in found.notes)
    with pytest.raises(DataError, match="1 of the images are not a PNG"):
        read_segmented_folder(tmp_path, Reading(strict=True))


def test_links_that_lead_out_are_refused(tmp_path):
    folder = write_pairs(tmp_path / "inside", IMAGES, MASKS)
    (folder / "masks").rename(tmp_path / "elsewhere")
    (folder / "masks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="is a link that points outside of"):
        read_segmented_folder(folder, Reading())
