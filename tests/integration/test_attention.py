"""Networks of attention that begins as a convolution, in files for other programs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from packaging.version import Version

import symclone_tf as sc
from benchmarks.symmetric_exports import from_litert, from_onnx
from symclone_tf.layers import ClonedAttention

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model():
    options = {"student": "relative-attention", "solver": "closed-form", "verbose": 0}
    student, _ = sc.clone("t2", image_size=4, padding="same", **options)
    tokens = keras.Input((17, 12))
    layer = ClonedAttention(student, 4, prefix_tokens=1, content_share=0.3)
    return keras.Model(tokens, layer(tokens, tokens))


@pytest.fixture
def tokens(rng):
    return rng.normal(size=(3, 17, 12)).astype("float32")


def close(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_saved_model_computes_what_keras_does(model, tokens, tmp_path):
    model.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    close(saved.serve(tokens), model(tokens))


def test_onnx_runtime_computes_what_keras_does(model, tokens, tmp_path):
    pytest.importorskip("onnxruntime")
    close(from_onnx(model, tmp_path, tokens), model(tokens))


def test_litert_computes_what_keras_does(model, tokens, tmp_path):
    if Version(keras.__version__) < Version("3.13"):
        pytest.skip("Keras exports to LiteRT since 3.13")
    pytest.importorskip("ai_edge_litert.interpreter")
    close(from_litert(model, tmp_path, tokens), model(tokens))
