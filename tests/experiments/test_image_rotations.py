import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from symclone_tf.data.images import open_images
from symclone_tf.experiments.image_rotations import (
    random_rotation,
    rotated,
    within_disc,
)
from symclone_tf.experiments.tasks import image_task
from symclone_tf.symmetry import get_group
from symclone_tf.symmetry.resampling import disc


def smooth(size):
    """An image without symmetry that interpolation hardly changes, 0 at the edge."""
    axis = np.linspace(-1, 1, size)
    rows, columns = np.meshgrid(axis, axis, indexing="ij")
    window = np.exp(-7 * (rows**2 + columns**2))
    return (window * (1 + rows + np.sin(3 * columns)))[..., None].astype("float32")


@pytest.mark.parametrize("size", [6, 7])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_quarter_turns_are_those_of_numpy(rng, size, quarters):
    image = rng.integers(0, 256, size=(size, size, 3)).astype("uint8")
    found = rotated(tf.constant(image), quarters / 4)
    assert found.dtype == tf.uint8
    np.testing.assert_array_equal(found, np.rot90(image, quarters))


@pytest.mark.parametrize("element", [1, 3, 6, 7])
def test_other_angles_are_those_of_the_group(element):
    image = smooth(33)
    found = rotated(tf.constant(image), element / 8)
    expected = get_group("c8").transform(image[None], element)[0]
    assert np.abs(found - expected).max() < 0.02 * np.abs(image).max()
    wrong = get_group("c8").transform(image[None], element - 1)[0]
    assert np.abs(found - wrong).max() > 0.1 * np.abs(image).max()


def test_only_the_disc_is_left():
    image = tf.ones((9, 9, 2), tf.uint8)
    found = within_disc(image).numpy()
    np.testing.assert_array_equal(found, np.repeat(disc((9, 9))[..., None], 2, axis=2))


def turns(group, count=1000):
    """Angles and reflections of a dot right of the centre and a smaller one above it,
    and the labels."""
    image = np.zeros((17, 17, 1), "float32")
    image[8, 14] = 1
    image[4, 8] = 0.25
    transform = random_rotation(get_group(group), canvas=17, added=10)
    seeds = tf.data.Dataset.range(count).map(lambda n: tf.stack([7, n]))
    found = seeds.map(lambda seed: transform(tf.constant(image), tf.constant(1), seed))
    images, labels = next(iter(found.batch(count)))
    images = images.numpy()[..., 0]
    axis = np.arange(17) - 8
    rows, columns = np.meshgrid(axis, axis, indexing="ij")
    outer = np.hypot(rows, columns) > 5.0

    def angle(weights):
        mean = np.sum(weights * np.exp(1j * np.arctan2(-rows, columns)), axis=(1, 2))
        return np.degrees(np.angle(mean)) % 360

    dot, above = angle(images * outer), angle(images * ~outer)
    reflected = (above - dot) % 360 > 180  # reflected, the dot is left
    return np.where(reflected, (dot - 180) % 360, dot), reflected, labels.numpy()


def test_angles_are_uniform_and_labels_change_beyond_half_a_turn():
    angles, reflected, labels = turns("c8")
    assert not reflected.any()
    counts, _ = np.histogram(angles, bins=12, range=(0, 360))
    np.testing.assert_allclose(counts / len(angles), 1 / 12, atol=0.03)
    assert len(np.unique(angles.round(1))) > 500  # and not multiples of 45°
    sure = np.abs((angles + 90) % 180 - 90) > 3  # interpolation moves the dot a little
    np.testing.assert_array_equal(labels[sure], np.where(angles >= 180, 11, 1)[sure])


def test_with_reflections_half_of_the_images_are_reflected_and_change_their_label():
    angles, reflected, labels = turns("d3")
    assert abs(reflected.mean() - 0.5) < 0.05
    np.testing.assert_array_equal(labels, np.where(reflected, 11, 1))
    for kind in (reflected, ~reflected):
        counts, _ = np.histogram(angles[kind], bins=6, range=(0, 360))
        np.testing.assert_allclose(counts / kind.sum(), 1 / 6, atol=0.07)


def noise(tmp_path, rng, count=30):
    images = rng.integers(1, 256, size=(count, 16, 16)).astype("uint8")
    np.savez(tmp_path / "n.npz", x_train=images, y_train=np.arange(count) % 3)
    return open_images(tmp_path / "n.npz")


@pytest.mark.slow
@pytest.mark.parametrize("task", ["invariance", "breaking"])
def test_corners_tell_no_angle(tmp_path, rng, task):
    found = noise(tmp_path, rng)
    for split in ("train", "test"):
        for options in ({}, {"transformed": False}):
            for images, _ in image_task(found, task, "c8", split, **options):
                assert not images.numpy()[:, ~disc((16, 16))].any()


def test_a_reflection_is_a_task_of_its_own(tmp_path, rng):
    found = noise(tmp_path, rng)
    upright = image_task(found, "breaking", "flip", "test", transformed=False)
    changed = image_task(found, "breaking", "flip", "test")
    (before, classes), (after, labels) = next(iter(upright)), next(iter(changed))
    assert 0 < np.sum(labels >= 3) < len(labels)
    for image, other, name, label in zip(before, after, classes, labels):
        reflected = label == name + 3
        np.testing.assert_array_equal(other, image[:, ::-1] if reflected else image)
        assert reflected or label == name


@pytest.mark.parametrize("turn", [0.06, 0.125, 0.4])
def test_bytes_are_rounded_and_not_cut_off(rng, turn):
    image = rng.integers(0, 256, size=(15, 15, 1)).astype("uint8")
    angle, centre = 2 * np.pi * turn, 7
    rows, columns = np.mgrid[:15, :15] - centre
    source = [
        rows * np.cos(angle) + columns * np.sin(angle) + centre,
        columns * np.cos(angle) - rows * np.sin(angle) + centre,
    ]
    pixels = image[..., 0].astype("float64")
    exact = scipy.ndimage.map_coordinates(pixels, source, order=1, mode="grid-constant")
    inside = disc((15, 15)) > 0
    found = rotated(tf.constant(image), turn).numpy()[..., 0]
    assert found.dtype == np.uint8
    near = np.abs(exact % 1 - 0.5) < 1e-3  # which may go either way
    compared = inside & ~near
    np.testing.assert_array_equal(found[compared], np.rint(exact)[compared])
    darker = np.floor(exact)[inside] < found[inside]
    assert darker.mean() > 0.2
