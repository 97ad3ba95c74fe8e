"""Antialiased pooling: against the published one, and against loops over outputs."""

import numpy as np
import pytest

from symclone_tf.layers import AntialiasedMaxPooling2D, CentredMaxPooling2D
from symclone_tf.symmetry import equivariance_error

BINOMIAL = {
    1: [1],
    2: [1, 1],
    3: [1, 2, 1],
    4: [1, 3, 3, 1],
    5: [1, 4, 6, 4, 1],
    6: [1, 5, 10, 10, 5, 1],
}


def maxima(images, pool_size):
    rows, columns = (n - pool_size + 1 for n in images.shape[1:3])
    shifts = [
        images[:, a : a + rows, b : b + columns]
        for a in range(pool_size)
        for b in range(pool_size)
    ]
    return np.max(shifts, axis=0)


def published(images, pool_size=2, blur_size=3, strides=2):
    """Zhang's MaxBlurPool: strides begin at the first maximum."""
    filter_ = np.array(BINOMIAL[blur_size]) / sum(BINOMIAL[blur_size])
    before, after = (blur_size - 1) // 2, blur_size // 2
    edges = [(0, 0), (before, after), (before, after), (0, 0)]
    padded = np.pad(maxima(images, pool_size), edges, mode="reflect")
    for axis in (1, 2):
        count = padded.shape[axis] - blur_size + 1
        parts = [
            share * np.take(padded, range(tap, tap + count, strides), axis)
            for tap, share in enumerate(filter_)
        ]
        padded = np.sum(parts, axis=0)
    return padded


def by_positions(images, pool_size, strides, blur_size):
    """Each output from its centre, in half pixels from the centre of the maxima."""
    blurred = maxima(images, pool_size)
    for axis in (1, 2):
        size = blurred.shape[axis]
        count = (images.shape[axis] - pool_size) // strides + 1
        margin = 2 * blur_size
        edges = [(margin, margin) if a == axis else (0, 0) for a in range(4)]
        padded = np.pad(blurred, edges, mode="reflect")
        outputs = []
        for i in range(count):
            doubled = (size - 1) + strides * (2 * i - (count - 1))
            taps = np.array(BINOMIAL[blur_size + doubled % 2])
            first = (doubled - (len(taps) - 1)) // 2 + margin
            pixels = np.take(padded, range(first, first + len(taps)), axis)
            outputs.append(np.tensordot(taps / taps.sum(), pixels, ((0,), (axis,))))
        blurred = np.stack(outputs, axis)
    return blurred


@pytest.mark.parametrize("blur_size", [3, 5])
def test_outputs_are_the_published_ones_where_these_are_centred(rng, blur_size):
    for size in (6, 8, 14):
        images = rng.normal(size=(2, size, size, 2)).astype("float32")
        found = AntialiasedMaxPooling2D(2, blur_size=blur_size)(images)
        np.testing.assert_allclose(found, published(images, 2, blur_size), atol=1e-6)


def test_published_outputs_keep_quarter_turns_at_one_parity_and_ours_at_both(rng):
    layer = AntialiasedMaxPooling2D(2)
    for blur_size, kept in ((3, 0), (4, 1)):
        for size in (8, 9):
            images = rng.normal(size=(2, size, size, 2)).astype("float32")
            error = equivariance_error(
                lambda x, b=blur_size: published(x, 2, b), "c4", images
            )
            assert error < 1e-6 if size % 2 == kept else error > 0.1
            assert equivariance_error(layer, "c4", images) < 1e-6


@pytest.mark.parametrize("blur_size", [1, 3, 5])
@pytest.mark.parametrize(("pool_size", "strides"), [(2, 2), (3, 2), (2, 3), (3, 4)])
def test_every_output_is_blurred_about_its_centre(rng, pool_size, strides, blur_size):
    for size in [(pool_size, 9), (pool_size + 1, 7), (10, 8)]:
        images = rng.normal(size=(2, *size, 2)).astype("float32")
        found = AntialiasedMaxPooling2D(pool_size, strides, blur_size)(images)
        expected = by_positions(images, pool_size, strides, blur_size)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_one_value_stays_as_it_is():
    images = np.full((1, 7, 6, 1), 3.0)
    np.testing.assert_allclose(AntialiasedMaxPooling2D(2)(images), 3.0, rtol=1e-6)


def test_outputs_change_less_under_translations_than_without_the_blur(rng):
    images = rng.normal(size=(8, 33, 33, 1)).astype("float32")

    def change(layer):
        """Between outputs of images and of these a pixel further."""
        one, other = (np.asarray(layer(images[:, i : 32 + i, :32])) for i in (0, 1))
        return np.linalg.norm(one - other) / np.linalg.norm(one - one.mean())

    blurred, sharp = change(AntialiasedMaxPooling2D(2)), change(CentredMaxPooling2D(2))
    assert blurred < 0.75 * sharp


@pytest.mark.parametrize("blur_size", [2, 0, 1.5])
def test_blurs_of_other_sizes_are_refused(blur_size):
    with pytest.raises(ValueError, match=f"`blur_size` must be.*blur_size={blur_size}"):
        AntialiasedMaxPooling2D(2, blur_size=blur_size)


def test_the_blur_is_part_of_the_configuration():
    layer = AntialiasedMaxPooling2D(3, 2, 5)
    twin = AntialiasedMaxPooling2D.from_config(layer.get_config())
    assert (twin.pool_size, twin.strides, twin.blur_size) == ((3, 3), (2, 2), 5)
