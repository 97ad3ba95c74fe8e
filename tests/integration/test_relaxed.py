"""Relaxed networks are exported as other Keras networks are."""

import warnings

import numpy as np
import pytest

import symclone_tf as sc

from networks import noise, plain
from processes import run_script

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def relaxed():
    """A relaxed network whose clones are no longer convolutions."""
    model, _ = sc.relax(plain(), "anchored", verbose=0)
    rng = np.random.default_rng(0)
    for layer in sc.networks.convolution_layers(model):
        for weight in getattr(layer, "student", layer).trainable_weights:
            change = rng.normal(size=weight.shape).astype("float32")
            weight.assign(weight + 0.05 * change)
    return model


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.slow
def test_saved_models_run_without_this_package(relaxed, fused, tmp_path):
    model = sc.fuse_network(relaxed).model if fused else relaxed
    model.export(tmp_path / "served" / "1", verbose=False)
    images = noise(model)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "outputs.npy", relaxed(images))
    done = run_script(
        "import sys; sys.modules['symclone_tf'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "served = tf.saved_model.load('served/1')\n"
        "outputs = served.serve(tf.constant(np.load('images.npy')))\n"
        "np.testing.assert_allclose(outputs, np.load('outputs.npy'), atol=1e-4)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("fused", [False, True])
def test_onnx_runtime_computes_what_keras_does(relaxed, fused, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model = sc.fuse_network(relaxed).model if fused else relaxed
    file = tmp_path / "relaxed.onnx"
    with warnings.catch_warnings():
        # About NumPy's names that tf2onnx still uses.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(file, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    images = noise(model)
    (outputs,) = session.run(None, {session.get_inputs()[0].name: images})
    np.testing.assert_allclose(outputs, relaxed(images), atol=1e-4)
