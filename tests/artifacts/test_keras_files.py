"""Networks in `.keras` files."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.artifacts import check_keras_file, load_network, save_network

from networks import noise, plain


def test_a_written_network_is_read(tmp_path):
    model = plain()
    file = save_network(model, tmp_path / "new" / "model.keras")
    assert [one.name for one in file.parent.iterdir()] == ["model.keras"]
    images = noise(model)
    np.testing.assert_array_equal(load_network(file)(images), model(images))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.h5", r"written to a \.keras file, not to .*model\.h5"),
        ("there.keras", "exists and is not replaced"),
        ("there.keras/model.keras", "is not a folder"),
    ],
)
def test_nothing_is_overwritten(name, message, tmp_path):
    (tmp_path / "there.keras").write_text("mine")
    with pytest.raises(sc.ArtifactError, match=message):
        check_keras_file(tmp_path / name)
    with pytest.raises(sc.ArtifactError, match=message):
        save_network(plain(), tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == ["there.keras"]
    assert (tmp_path / "there.keras").read_text() == "mine"


def test_failure_leaves_no_files_behind(tmp_path):
    class Broken(keras.layers.Layer):
        def get_config(self):
            raise OSError("no space left")

    model = keras.Sequential([keras.Input((2,)), Broken()])
    with pytest.raises(OSError, match="no space left"):
        save_network(model, tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_damaged_files_are_refused_in_one_line(tmp_path):
    file = save_network(plain(), tmp_path / "model.keras")
    whole = file.read_bytes()
    for name, content in (
        ("short", whole[: len(whole) // 2]),
        ("empty", b""),
        ("other", b"not a model at all" * 100),
    ):
        damaged = tmp_path / f"{name}.keras"
        damaged.write_bytes(content)
        with pytest.raises(sc.ArtifactError, match=r"cannot be read as a Keras") as why:
            load_network(damaged)
        assert "\n" not in str(why.value)
    with pytest.raises(sc.ArtifactError, match="is not a file"):
        load_network(tmp_path / "nowhere.keras")


def test_code_in_a_file_is_not_executed(tmp_path):
    marker = tmp_path / "ran"

    def leave_a_mark(x):
        open(marker, "w").close()
        return x

    images = keras.Input((2,))
    model = keras.Model(images, keras.layers.Lambda(leave_a_mark)(images))
    marker.unlink()
    model.save(tmp_path / "model.keras")
    marker.unlink(missing_ok=True)
    with pytest.raises(sc.ArtifactError, match="cannot be read as a Keras model"):
        load_network(tmp_path / "model.keras")
    assert not marker.exists()
