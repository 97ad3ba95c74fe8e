"""What only TensorFlow does is refused in a sentence, or done by a process of it."""

import keras
import numpy as np
import pytest

import symclone_tf as sc

from clones import relative, solved
from networks_in_files import IMAGES
from other_backends import BACKEND, installed, run_on

other = pytest.mark.skipif(BACKEND == "tensorflow", reason="it is TensorFlow's")
# Outputs of a SavedModel, in a process of TensorFlow.
SERVED = """
import numpy as np, tensorflow as tf
served = tf.saved_model.load({path!r}).signatures["serving_default"]
outputs = served(**{{n: tf.constant(np.load(n + ".npy")) for n in {names}}})
np.save("outputs.npy", list(outputs.values())[0])
"""


def served(path, folder, **inputs):
    for name, value in inputs.items():
        np.save(folder / f"{name}.npy", value)
    code = SERVED.format(path=str(path), names=sorted(inputs))
    run_on("tensorflow", code, folder)
    return np.load(folder / "outputs.npy")


@other
@pytest.mark.parametrize("strategy", ["mirrored", "multi-worker"])
def test_several_devices(strategy, monkeypatch):
    cluster = '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", cluster)
    with pytest.raises(ValueError, match=f"`strategy` {strategy} is TensorFlow's"):
        sc.clone("c4", image_size=6, strategy=strategy, verbose=0)
    with pytest.raises(ValueError, match=f"Received: KERAS_BACKEND={BACKEND}"):
        sc.cloning.make_strategy(strategy)


@other
def test_onnx(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"`export_onnx`.* is TensorFlow's alone"):
        sc.artifacts.export_onnx(model, tmp_path / "model.onnx")


@other
@pytest.mark.parametrize("name", ["open_images", "Images"])
def test_images_need_tensorflow_to_be_installed(name):
    with pytest.raises(ImportError, match=rf"data\.{name} is computed by TensorFlow"):
        getattr(sc.data, name)


@pytest.mark.skipif(BACKEND != "torch", reason="the others compile")
def test_steps_compiled_on_pytorch():
    with pytest.raises(ValueError, match="PyTorch trains eagerly"):
        sc.clone("c4", image_size=6, jit=True, verbose=0)


@pytest.mark.skipif(not installed("tensorflow"), reason="TensorFlow is not installed")
def test_exported_clones_are_served(tmp_path, rng):
    student = solved("c4", image_size=6)
    path = sc.export(student, tmp_path)
    images = rng.normal(size=(2, 6, 6)).astype("float32")
    kernels = rng.normal(size=(2, 3, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(student.call_pairs(images, kernels))
    found = served(path, tmp_path, image=images, kernel=kernels)
    assert relative(found, expected) < 1e-5
    again = sc.load(path)
    for old, new in zip(student.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.skipif(not installed("tensorflow"), reason="TensorFlow is not installed")
def test_exported_layers_are_served(tmp_path):
    layer = sc.ClonedConv2D(2, solved("c4", image_size=8), activation="relu")
    layer.build((None, 8, 8, 1))
    path = sc.export_layer(layer, tmp_path)
    expected = keras.ops.convert_to_numpy(layer(IMAGES))
    assert relative(served(path, tmp_path, image=IMAGES), expected) < 1e-5


@other
def test_where_tensorflow_is_missing_the_keras_file_is_written(tmp_path, monkeypatch):
    missing = tmp_path / "tensorflow" / "__init__.py"
    missing.parent.mkdir()
    missing.write_text("raise ModuleNotFoundError(\"No module named 'tensorflow'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.warns(sc.ArtifactWarning, match=r"no SavedModel.*No module named"):
        path = sc.export(solved("c4", image_size=6), tmp_path)
    assert not (path / "saved_model.pb").exists()
    assert sc.nmse(sc.load(path)) < 1e-10
