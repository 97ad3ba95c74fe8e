"""Tasks from MNIST are made as their papers say."""

import numpy as np
import pytest

from benchmarks import tasks

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("mnist")]


@pytest.mark.parametrize("kind", ["digit", "quadrant"])
def test_digits_lie_in_the_quadrant_of_the_label(kind):
    images, labels = tasks.quadrants("test", 200, kind)
    assert images.shape == (200, 32, 32, 1)
    assert 0 <= images.min() < images.max() <= 1
    _, digits = tasks.digits("test", 200)
    np.testing.assert_array_equal(labels % 10, digits)
    if kind == "digit":
        assert labels.max() == 9
        return
    ink = images[..., 0].reshape(200, 2, 16, 2, 16).sum(axis=(2, 4)).reshape(200, 4)
    np.testing.assert_array_equal(ink.argmax(axis=1), labels // 10)
    assert set(labels // 10) == {0, 1, 2, 3}


def test_quadrants_follow_from_the_seed_and_differ_between_splits():
    first, again, other = (
        tasks.quadrants("train", 50, "quadrant", seed)[1] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


@pytest.mark.parametrize(("against", "axes"), [("turned", (1, 2)), ("mirrored", (2,))])
def test_every_second_six_is_moved(against, axes):
    images, labels = tasks.sixes("test", against)
    all_digits, which = tasks.digits("test")
    expected = all_digits[which == 6]
    assert len(images) == len(expected) == 958
    np.testing.assert_array_equal(images[::2, ..., 0], expected[::2])
    transformed = np.flip(expected[1::2], axes)
    np.testing.assert_array_equal(images[1::2, ..., 0], transformed)
    assert labels.tolist() == [0, 1] * 479
