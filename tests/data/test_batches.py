"""Images fitted into squares, and batches of them."""

import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.data.batches import fit, in_batches, shuffled_among


def resized(image, size):
    """Antialiased bilinear resizing, by its formula, in one pass for each axis."""
    for axis in (0, 1):
        old = image.shape[axis]
        scale = old / size
        reach = max(scale, 1)
        centres = (np.arange(size) + 0.5) * scale
        offsets = (np.arange(old) + 0.5)[None] - centres[:, None]
        weights = np.maximum(0, 1 - np.abs(offsets) / reach)
        weights /= weights.sum(1, keepdims=True)
        image = np.moveaxis(np.tensordot(weights, image, (1, axis)), 0, axis)
    return image


@pytest.mark.parametrize(("old", "new"), [(24, 17), (17, 24), (32, 16)])
def test_bytes_are_rounded_and_not_cut_off(rng, old, new):
    image = rng.integers(256, size=(old, old, 3)).astype("uint8")
    found = np.array(fit(image, new))
    expected = resized(image.astype("float64"), new)
    assert found.dtype == np.uint8
    near = np.abs(expected % 1 - 0.5) < 1e-3  # which may go either way
    np.testing.assert_array_equal(found[~near], np.rint(expected)[~near])
    assert (np.rint(expected) != np.floor(expected)).mean() > 0.3


def test_floats_keep_their_levels(rng):
    image = rng.uniform(size=(24, 24, 1)).astype("float32")
    found = np.array(fit(image, 17))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, resized(image, 17), atol=1e-5)
    padded = np.array(fit(image[:20], 24))
    np.testing.assert_array_equal(padded[2:22], image[:20])


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_batches_go_from_0_to_1(dtype):
    images = np.zeros((6, 4, 4, 1), dtype)
    images[1::2] = 255 if dtype == "uint8" else 1
    found = tf.data.Dataset.from_tensor_slices((images, np.arange(6)))
    (x, y), *rest = in_batches(found, 4).as_numpy_iterator()
    assert (x.dtype, x.shape, len(rest)) == (np.float32, (4, 4, 4, 1), 1)
    np.testing.assert_array_equal(x[:, 0, 0, 0], [0, 1, 0, 1])
    np.testing.assert_array_equal(y, range(4))


def test_the_window_has_as_many_images_as_fit_but_a_batch_at_least():
    assert shuffled_among(2**20, 8) == 32
    assert shuffled_among(2**20, 64) == 64
