"""Images for networks, of their size, or noise."""

import click
import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cli.network_images import images_for

from pictures import write_folder


def network(shape):
    x = keras.Input(shape)
    return keras.Model(x, keras.layers.Flatten()(x))


@pytest.fixture
def file(tmp_path, rng):
    x, y = rng.integers(0, 255, (8, 16, 16), "uint8"), np.arange(8) % 2
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x[:5], y_test=y[:5])
    return str(tmp_path / "a.npz")


def test_noise_is_that_of_a_seed():
    first, again, other = (
        images_for(sc, network((4, 5, 2)), 3, seed, None, None, None)
        for seed in (0, 0, 1)
    )
    assert first.shape == (3, 4, 5, 2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_images_are_as_many_as_there_are(file):
    found = images_for(sc, network((16, 16, 1)), 32, 0, file, None, None)
    assert found.shape == (5, 16, 16, 1)


def test_images_of_other_channels_are_refused(file):
    with pytest.raises(click.UsageError, match="those of --data have 1 channels"):
        images_for(sc, network((16, 16, 3)), 4, 0, file, None, None)


def test_networks_with_several_inputs_are_refused():
    x, y = keras.Input((4,)), keras.Input((4,))
    model = keras.Model([x, y], keras.layers.Add()([x, y]))
    with pytest.raises(click.UsageError, match="this one has 2"):
        images_for(sc, model, 4, 0, None, None, None)


def test_test_images_of_a_folder_are_those_that_were_kept_together(tmp_path, rng):
    folder = write_folder(tmp_path / "shapes", rng, names=("disc", "ring"))
    for number in range(10):
        for name in ("disc", "ring"):
            file = folder / name / f"{number}.png"
            file.rename(folder / name / f"p{number // 2}-{number}.png")
    options = network((16, 16, 1)), 32, 0, str(folder), None, None, r"p(\d)"
    found = images_for(sc, *options)
    opened = sc.data.open_images(folder, keep_together=r"p(\d)")
    expected = [x.tobytes() for x, _ in opened.stream("test").as_numpy_iterator()]
    assert sorted(np.rint(255 * x).astype("uint8").tobytes() for x in found) == sorted(
        expected
    )


def test_what_was_changed_is_said(tmp_path, rng):
    x, y = rng.integers(4096, size=(8, 16, 16)).astype("uint16"), np.arange(8) % 2
    np.savez(tmp_path / "deep.npz", x_train=x, y_train=y)
    with pytest.warns(sc.errors.DataWarning, match="4095 is white"):
        images_for(
            sc, network((16, 16, 1)), 2, 0, str(tmp_path / "deep.npz"), None, None
        )
