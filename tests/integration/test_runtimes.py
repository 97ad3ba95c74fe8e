"""Classifiers of cloned layers run where Keras exports to: ONNX and LiteRT."""

import warnings

import keras
import numpy as np
import pytest
from packaging.version import Version

import symclone_tf as sc

pytestmark = pytest.mark.slow


@pytest.fixture
def images(rng):
    return rng.uniform(size=(7, 20, 20, 1)).astype("float32")


@pytest.fixture(scope="module")
def onnx_session(network, tmp_path_factory):
    onnxruntime = pytest.importorskip("onnxruntime")
    file = tmp_path_factory.mktemp("onnx") / "digits.onnx"
    # Keras exports to ONNX only what has been called once.
    network(np.zeros((1, 20, 20, 1), "float32"))
    with warnings.catch_warnings():
        # Keras asks NumPy for names that tf2onnx still uses.
        warnings.simplefilter("ignore", FutureWarning)
        network.export(file, format="onnx", verbose=False)
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def interpreter(network, tmp_path_factory):
    if Version(keras.__version__) < Version("3.13"):
        pytest.skip("Keras exports to LiteRT since 3.13")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    file = tmp_path_factory.mktemp("litert") / "digits.tflite"
    network.export(str(file), format="litert", verbose=False)
    return litert.Interpreter(model_path=str(file))


@pytest.mark.parametrize("batch", [1, 7])
def test_onnx_runtime_answers_as_keras_does(network, onnx_session, images, batch):
    (source,) = onnx_session.get_inputs()
    (answers,) = onnx_session.run(None, {source.name: images[:batch]})
    expected = network(images[:batch], training=False)
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    assert np.ptp(answers, axis=1).min() > 1e-3


@pytest.mark.parametrize("batch", [1, 7])
def test_litert_answers_as_keras_does(network, interpreter, images, batch):
    (source,) = interpreter.get_input_details()
    (target,) = interpreter.get_output_details()
    interpreter.resize_tensor_input(source["index"], [batch, 20, 20, 1])
    interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], images[:batch])
    interpreter.invoke()
    answers = interpreter.get_tensor(target["index"])
    expected = network(images[:batch], training=False)
    np.testing.assert_allclose(answers, expected, atol=1e-4)


def test_adapted_normalization_runs_in_litert(rng, tmp_path):
    if Version(keras.__version__) < Version("3.13"):
        pytest.skip("Keras exports to LiteRT since 3.13")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    images = rng.normal(3, 2, size=(1, 6, 6, 3)).astype("float32")
    for number, axis in enumerate((-1, (1, 2, 3))):
        scale = keras.layers.Normalization(axis=axis)
        scale.adapt(images + rng.normal(size=(5, 6, 6, 3)))
        conv = keras.layers.Conv2D(2, 3, name="conv")
        model = keras.Sequential([keras.Input((6, 6, 3)), scale, conv])
        plain = sc.fuse_network(sc.relax(model, verbose=0)[0]).model
        file = str(tmp_path / f"{number}.tflite")
        plain.export(file, format="litert", verbose=False)
        interpreter = litert.Interpreter(model_path=file)
        (source,) = interpreter.get_input_details()
        interpreter.allocate_tensors()
        interpreter.set_tensor(source["index"], images)
        interpreter.invoke()
        (target,) = interpreter.get_output_details()
        outputs = interpreter.get_tensor(target["index"])
        np.testing.assert_allclose(outputs, model(images), atol=1e-4)
