"""Elements act within networks as they act on arrays."""

import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.layers.image_actions import transform_images
from symclone_tf.symmetry import get_group

from references import ACTIONS


@pytest.mark.parametrize("size", [(5, 5), (6, 6)])
@pytest.mark.parametrize("group", ["flip", "d2", "d4"])
def test_reflections_and_quarter_turns_are_numpys(group, size, rng):
    images = rng.normal(size=(2, *size, 3)).astype("float32")
    for element, action in enumerate(ACTIONS[group]):
        found = transform_images(images, get_group(group), element)
        expected = [
            np.stack([action(image[..., c]) for c in range(3)], -1) for image in images
        ]
        np.testing.assert_array_equal(found, expected)


def test_rectangles_are_reflected_and_of_any_size(rng):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 1))])
    def reflected(images):
        return transform_images(images, get_group("flip"), 1)

    for size in ((3, 5), (4, 2)):
        images = rng.normal(size=(1, *size, 1)).astype("float32")
        np.testing.assert_array_equal(reflected(images), images[:, :, ::-1])


@pytest.mark.parametrize("group", ["c8", "d3"])
def test_other_elements_interpolate_as_the_group_does(group, rng):
    images = rng.normal(size=(2, 9, 9, 2)).astype("float32")
    whole = get_group(group)
    for element in range(whole.order):
        found = transform_images(tf.constant(images), whole, element)
        expected = whole.transform(images, element)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_whole_numbers_are_interpolated_and_rounded_within_their_type(rng):
    images = rng.integers(0, 256, size=(2, 9, 9, 1)).astype("uint8")
    whole = get_group("c8")
    found = transform_images(tf.constant(images), whole, 1)
    assert found.dtype == tf.uint8
    expected = whole.transform(images.astype("float32"), 1)
    assert expected.min() < -1  # cubic interpolation overshoots
    np.testing.assert_array_equal(found, np.clip(np.round(expected), 0, 255))
