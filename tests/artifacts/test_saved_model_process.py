"""A process of TensorFlow writes the SavedModel that this one would."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.artifacts import saved_model_process

from clones import solved


@pytest.mark.slow
def test_it_writes_what_tensorflow_writes_itself(tmp_path, monkeypatch, rng):
    student = solved("t2", image_size=5)
    own = sc.export(student, tmp_path)
    for module in ("exporting", "saved_model_process"):
        name = f"symclone_tf.artifacts.{module}.is_tensorflow"
        monkeypatch.setattr(name, lambda: False)
    other = sc.export(student, tmp_path)
    inputs = {
        "image": rng.normal(size=(2, 5, 5)).astype("float32"),
        "kernel": rng.normal(size=(2, 3, 3)).astype("float32"),
    }
    first, second = (
        keras.layers.TFSMLayer(str(path), call_endpoint="serve", trainable=False)
        for path in (own, other)
    )
    np.testing.assert_array_equal(first(inputs), second(inputs))


def test_a_process_that_fails_is_a_warning_with_its_reason(tmp_path):
    (tmp_path / "damaged.keras").write_bytes(b"no archive")
    with pytest.warns(sc.ArtifactWarning, match=r"no SavedModel.*damaged\.keras"):
        saved_model_process.write_by_process(
            tmp_path / "damaged.keras", tmp_path / "folder"
        )
    assert not (tmp_path / "folder").exists()
