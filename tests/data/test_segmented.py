import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.data import has_masks, open_segmented
from symclone_tf.data.segmented import fitted
from symclone_tf.errors import DataError

from segmented import shapes, write_pairs

IMAGES, MASKS = shapes(10)


def test_folders_files_and_arrays_are_the_same(tmp_path):
    np.savez(tmp_path / "cells.npz", x_train=IMAGES, y_train=MASKS)
    folder = write_pairs(tmp_path / "cells", IMAGES, MASKS)
    sources = [folder, tmp_path / "cells.npz", (IMAGES, MASKS)]
    sources.append({"x_train": IMAGES, "y_train": MASKS})
    for source in sources:
        images = open_segmented(source)
        assert (images.size, images.channels) == (16, 1)
        assert images.counts == {"train": 8, "test": 2}
        found = {}
        for split in ("train", "test"):
            for x, y, there in images.batches(split, 4):
                assert there.numpy().all()
                found |= {
                    np.rint(255 * a).tobytes(): b
                    for a, b in zip(x.numpy()[..., 0], y.numpy())
                }
        assert len(found) == 10
        for image, mask in zip(IMAGES, MASKS):
            np.testing.assert_array_equal(
                found[image.astype("float32").tobytes()], mask
            )


@pytest.mark.parametrize("canvas", [20, 21])
def test_what_is_around_an_image_has_no_weight(canvas):
    images = open_segmented((IMAGES[:, :13] + 1, MASKS[:, :13]))
    x, y, there = (
        each.numpy() for each in next(iter(images.batches("test", canvas=canvas)))
    )
    assert x.shape == (2, canvas, canvas, 1)
    assert y.shape == there.shape == x.shape[:3]
    np.testing.assert_array_equal(there, x[..., 0] > 0)
    assert there.sum() == 2 * 13 * 16
    assert not y[there == 0].any()


def test_masks_are_resized_to_the_nearest_number():
    image = np.kron(IMAGES[0], np.ones((3, 3), "uint8"))
    mask = np.kron(MASKS[0], np.ones((3, 3), "uint8"))
    found, labels, there = fitted(image[..., None], tf.cast(mask, tf.int32), 16, 16)
    np.testing.assert_array_equal(labels, MASKS[0])
    # Of nine equal pixels and some of their neighbours.
    assert np.abs(found.numpy()[..., 0].astype(int) - IMAGES[0]).mean() < 10
    assert there.numpy().all()


def test_training_images_come_in_another_order_in_each_epoch():
    batches = open_segmented((IMAGES, MASKS)).batches("train", 8, seed=1)
    first, second = (next(iter(batches))[0].numpy() for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first, 0), np.sort(second, 0))


@pytest.mark.parametrize(
    ("split", "options", "message"),
    [
        ("valid", {}, "`split` must be train or test"),
        ("test", {"size": 3}, "`size` must be at most 2, the test images"),
        ("train", {"size": 6, "first": 3}, "`size` must be at most 5, the train"),
    ],
)
def test_more_than_there_is_is_refused(split, options, message):
    with pytest.raises(ValueError, match=message):
        open_segmented((IMAGES, MASKS)).batches(split, **options)


def test_sizes_that_differ_need_one(tmp_path):
    folder = write_pairs(tmp_path, IMAGES, MASKS)
    small = write_pairs(tmp_path / "small", IMAGES[:1, :8], MASKS[:1, :8])
    for name in ("images", "masks"):
        (small / name / "0.png").rename(folder / name / "small.png")
    with pytest.raises(DataError, match="give `image_size`, to which they are resized"):
        open_segmented(folder)
    assert open_segmented(folder, image_size=16).counts == {"train": 9, "test": 2}


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("nowhere", {}, "`data` must be a folder with images and masks"),
        (5, {}, "Received: an object of type <class 'int'>"),
        ((IMAGES, MASKS), {"keep_together": "a"}, "`keep_together` is for folders"),
        ((IMAGES, MASKS), {"image_size": 8}, "`image_size` must be from 16 to 512"),
    ],
)
def test_what_cannot_be_read_is_refused(data, options, message):
    with pytest.raises((DataError, ValueError), match=message):
        open_segmented(data, **options)


def test_masks_are_told_from_classes(tmp_path):
    assert has_masks(write_pairs(tmp_path / "a", IMAGES, MASKS))
    write_pairs(tmp_path / "b" / "train", IMAGES, MASKS)
    assert has_masks(tmp_path / "b")
    np.savez(tmp_path / "c.npz", x_train=IMAGES, y_train=MASKS)
    np.savez(tmp_path / "d.npz", x_train=IMAGES, y_train=np.arange(10))
    assert has_masks(tmp_path / "c.npz")
    for other in (tmp_path / "d.npz", tmp_path / "e.npz", tmp_path, "mnist", IMAGES):
        assert not has_masks(other)
