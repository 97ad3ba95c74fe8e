"""Images turned upright."""

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from symclone_tf.data.orientation import TAG, upright

from image_files import slope


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_that_of_pillow(orientation, channels):
    image = slope(channels=channels)
    stored = PIL.Image.fromarray(image)
    stored.getexif()[TAG] = orientation
    expected = np.asarray(PIL.ImageOps.exif_transpose(stored))
    found, notes = upright(image.reshape(*image.shape[:2], channels), orientation)
    np.testing.assert_array_equal(found.squeeze(), expected)
    assert bool(notes) == (orientation != 1)


@pytest.mark.parametrize("orientation", [None, 0, 1, 9, -3, "6", 6.0, (6,)])
def test_what_is_no_orientation_turns_nothing(orientation):
    image = slope()[..., None]
    found, notes = upright(image, orientation)
    assert found is image
    assert notes == ()
