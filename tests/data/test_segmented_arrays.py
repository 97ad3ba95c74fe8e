import numpy as np
import pytest

from symclone_tf.data.segmented_arrays import read_segmented_arrays
from symclone_tf.data.sources import Reading
from symclone_tf.errors import DataError

from segmented import shapes

IMAGES, MASKS = shapes(10)


def read(**arrays):
    return read_segmented_arrays("cells", arrays, Reading())


def test_masks_stay_with_their_images():
    found = read(x_train=IMAGES, y_train=MASKS)
    assert found.counts == {"train": 8, "test": 2}
    pairs = dict(zip(map(bytes, IMAGES), MASKS))
    seen = set()
    for split in ("train", "test"):
        for image, labels in found.streams[split]().as_numpy_iterator():
            np.testing.assert_array_equal(labels, pairs[image.tobytes()])
            seen.add(image.tobytes())
    assert seen == set(pairs)


def test_both_splits_are_taken_where_they_are_given():
    found = read(
        x_train=IMAGES[:7], y_train=MASKS[:7], x_test=IMAGES[7:], y_test=MASKS[7:]
    )
    assert found.counts == {"train": 7, "test": 3}


def test_patients_stay_together():
    groups = np.arange(10) // 2
    found = read(x_train=IMAGES, y_train=MASKS, groups_train=groups)
    numbers = {image.tobytes(): n // 2 for n, image in enumerate(IMAGES)}
    tested = [
        numbers[x.tobytes()] for x, _ in found.streams["test"]().as_numpy_iterator()
    ]
    assert len(tested) == 2
    assert len(set(tested)) == 1


def test_classes_have_the_names_that_are_given():
    names = np.array(["nothing", "disc", "ellipse"])
    found = read(x_train=IMAGES, y_train=MASKS[..., None], class_names=names)
    assert found.class_names == ["nothing", "disc", "ellipse"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": IMAGES}, "cells lacks y_train. It has: x_train"),
        (
            {"x_train": IMAGES, "y_train": MASKS[:, :8]},
            r"of shape \(10, 16, 16\). Received: \(10, 8, 16\)",
        ),
        (
            {"x_train": IMAGES, "y_train": MASKS / 4},
            "y_train is no mask: it has numbers of type float64",
        ),
        (
            {"x_train": IMAGES, "y_train": MASKS, "class_names": ["a", "b"]},
            "class_names are 2, so masks must have the numbers from 0 to 1. "
            "Received: 0, 1, 2",
        ),
        (
            {
                "x_train": IMAGES,
                "y_train": MASKS,
                "x_test": IMAGES[:, :8],
                "y_test": MASKS[:, :8],
            },
            r"x_train has images of shape \(16, 16, 1\), and x_test of \(8, 16, 1\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(arrays, message):
    with pytest.raises(DataError, match=message):
        read(**arrays)
