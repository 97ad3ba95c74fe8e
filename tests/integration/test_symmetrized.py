"""Ready-made networks that became invariant, and their files in other programs."""

import keras
import numpy as np
import pytest
from packaging.version import Version

import symclone_tf as sc
from benchmarks.symmetric_exports import from_litert, from_onnx
from benchmarks.symmetric_networks import random_network

from cases import later
from networks import settle
from processes import run_script

pytestmark = pytest.mark.slow

# Which layers of these commute with a reflection depends on the size of the image.
READY_MADE = ("MobileNetV2", "ResNet50", "EfficientNetV2B0", "ConvNeXtTiny")


def images(count=2, size=96):
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, (count, size, size, 3)).astype("float32")


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("MobileNetV2", "d4"),
        *(later(name, "flip") for name in READY_MADE),
        *(later(name, "d4") for name in READY_MADE[1:]),
    ],
)
def test_ready_made_networks_become_invariant(name, group):
    made, report = sc.symmetrize(random_network(name, 96), group, images=images())
    assert report.deviation < 1e-5
    assert report.deviation < 0.01 * report.deviation_before
    assert made.count_params() == report.weights_before


@pytest.fixture(scope="module")
def mobile():
    """Strides of `same` convolutions on even sizes do not commute with rotations."""
    return sc.symmetrize(random_network("MobileNetV2", 96), "d4")[0]


def close(found, expected):
    """Whether outputs are the same, relative to the largest."""
    largest = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=1e-4 * largest)


def test_saved_models_run_without_this_package(mobile, tmp_path):
    mobile.export(tmp_path / "served", verbose=False)
    np.save(tmp_path / "images.npy", images())
    done = run_script(
        "import sys; sys.modules['symclone_tf'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "served = tf.saved_model.load('served')\n"
        "outputs = served.serve(tf.constant(np.load('images.npy')))\n"
        "np.save('outputs.npy', outputs)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    close(np.load(tmp_path / "outputs.npy"), mobile(images(), training=False))


@pytest.mark.parametrize("group", ["d4", "c8", "flip"])
def test_onnx_runtime_computes_what_keras_does(group, tmp_path):
    pytest.importorskip("onnxruntime")
    made, _ = sc.symmetrize(small(), group, layers="second")
    for count in (1, 3):
        x = images(count, 16)
        (folder := tmp_path / str(count)).mkdir()
        np.testing.assert_allclose(from_onnx(made, folder, x), made(x), atol=1e-5)


@pytest.mark.parametrize("group", ["d4", "c8", "flip"])
def test_litert_computes_what_keras_does(group, tmp_path):
    if Version(keras.__version__) < Version("3.13"):
        pytest.skip("Keras exports to LiteRT since 3.13")
    pytest.importorskip("ai_edge_litert.interpreter")
    made, _ = sc.symmetrize(small(), group, layers="second")
    for count in (1, 3):
        x = images(count, 16)
        np.testing.assert_allclose(from_litert(made, tmp_path, x), made(x), atol=1e-5)


def small():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, 2, "same", activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.Conv2D(5, 3, padding="same", activation="relu", name="second"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    settle(model)
    return model
