import math

import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.data import open_segmented
from symclone_tf.experiments import Segmentation
from symclone_tf.experiments.segmentation_data import (
    SegmentationImages,
    augmented,
    transformed_batches,
)
from symclone_tf.symmetry import get_group

from segmented import shapes

IMAGES, MASKS = shapes(12)


def batches(count=12, canvas=16):
    return open_segmented((IMAGES[:count], MASKS[:count])).batches(
        "train", 4, canvas=canvas
    )


@pytest.mark.parametrize("group", ["flip", "d4"])
def test_masks_are_transformed_as_their_images(group):
    whole = get_group(group)
    pairs = {x.tobytes(): y for x, y in zip((IMAGES / np.float32(255)), MASKS)}
    elements = set()
    for images, labels, there in transformed_batches(batches(), group, 3, seed=0):
        assert there.all()
        for image, label in zip(images, labels):
            for element in range(whole.order):
                back = whole.transform(image[None], whole.inverse[element])[0]
                if (mask := pairs.get(back.tobytes())) is not None:
                    wanted = whole.transform(mask[None, ..., None], element)
                    np.testing.assert_array_equal(label, wanted[0, ..., 0])
                    elements.add(element)
                    break
            else:
                pytest.fail("an image that is none of the data")
    assert len(elements) > 1


def test_pixels_that_are_cut_off_by_rotations_have_no_weight():
    seen = [there for _, _, there in transformed_batches(batches(), "c8", 3, seed=0)]
    shares = np.concatenate(seen).mean((1, 2))
    assert shares.min() == pytest.approx(math.pi / 4, abs=0.1)
    assert shares.max() == 1  # of quarter turns


@pytest.mark.parametrize("augment", ["flip", "rotation", "flip,rotation"])
def test_augmentation_moves_masks_with_images(augment):
    """Of masks as images: where it is inside of a class, both are the same."""
    masks = (MASKS > 0).astype("uint8")
    train = open_segmented((255 * masks, masks)).batches("train", 4)
    changed = 0
    for images, labels, there in augmented(train, augment, seed=0):
        shares, labels = images.numpy()[..., 0], labels.numpy()
        assert set(np.unique(labels)) <= {0, 1}
        assert there.numpy().all()
        sure = np.abs(shares - 0.5) > 0.49
        assert sure.mean() > 0.5
        np.testing.assert_array_equal(labels[sure], np.rint(shares[sure]))
        originals = {mask.tobytes() for mask in masks.astype("int32")}
        changed += sum(label.tobytes() not in originals for label in labels)
    assert changed > 2


def test_flips_are_those_from_left_to_right():
    images, *_ = next(iter(augmented(batches(), "flip", seed=3)))
    either = {x.tobytes() for x in (IMAGES, IMAGES[:, :, ::-1]) for x in x}
    for image in images.numpy()[..., 0]:
        assert np.rint(255 * image).astype("uint8").tobytes() in either


def test_augmentation_differs_in_each_epoch_and_is_the_same_with_a_seed():
    def epochs():
        train = tf.data.Dataset.from_tensors(next(iter(batches())))
        found = augmented(train, "rotation", seed=1)
        return [next(iter(found))[0].numpy() for _ in range(2)]

    one, same = epochs(), epochs()
    assert not np.allclose(one[0], one[1])
    np.testing.assert_array_equal(one, same)


def test_a_tenth_is_held_out_where_there_are_enough():
    images, masks = shapes(250)
    opened = open_segmented((images, masks))
    experiment = Segmentation("gcnn", data="cells").complete(opened)
    data = SegmentationImages(experiment, opened)
    assert (len(data.train), len(data.held_out)) == (
        math.ceil(180 / 16),
        math.ceil(20 / 16),
    )
    assert data.measured.shape == (16, 16, 16, 1)
    assert data.class_names == ["0", "1", "2"]
