"""Convolutions in groups of channels: cloned, fused, relaxed, and run elsewhere."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from packaging.version import Version

import symclone_tf as sc

from clones import solved
from networks import in_groups, noise


def network_of(rng, groups, group="c4", lifting=True):
    """A network of a frozen clone alone, with a kernel and a bias."""
    student = solved(group, lifting)
    layer = sc.ClonedConv2D(8, student, groups=groups, activation="tanh", name="conv")
    image, _ = student.input_shapes((4,))
    model = keras.Sequential([keras.Input(image), layer])
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    assert layer.computes_as() == "convolution"
    return model


@pytest.fixture(scope="module")
def network():
    return in_groups()


@pytest.fixture(scope="module", params=["frozen", "trainable"])
def relaxed(request, network):
    return sc.relax(network, request.param, verbose=0)[0]


def test_a_network_like_resnext_is_relaxed_and_fused_whole(network, relaxed):
    images = noise(network)
    expected = network(images)
    kinds = {layer.name: layer for layer in sc.networks.convolution_layers(relaxed)}
    for name, groups in (("one_grouped", 4), ("two_grouped", 2), ("three_grouped", 8)):
        assert kinds[name].groups == groups
        assert isinstance(kinds[name], sc.ClonedConv2D)
    np.testing.assert_allclose(relaxed(images), expected, rtol=1e-4, atol=1e-4)
    fused = sc.fuse_network(relaxed).model
    np.testing.assert_allclose(fused(images), expected, rtol=1e-4, atol=1e-4)
    for layer in sc.networks.convolution_layers(fused):
        # A DepthwiseConv2D has none: its groups are its channels.
        assert getattr(layer, "groups", 1) == 1


@pytest.mark.slow
def test_trained_kernels_stay_in_their_groups(network):
    relaxed, _ = sc.relax(network, "trainable", verbose=0)
    relaxed.compile("sgd", "mse")
    images = noise(relaxed, 8)
    relaxed.fit(images, np.ones((8, 3)), epochs=2, verbose=0)
    fused = sc.fuse_network(relaxed).model
    np.testing.assert_allclose(fused(images), relaxed(images), rtol=1e-4, atol=1e-4)


def onnx_outputs(model, file, images):
    onnxruntime = pytest.importorskip("onnxruntime")
    with warnings.catch_warnings():
        # About NumPy's names that tf2onnx still uses.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(file, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    return session.run(None, {source.name: images})[0]


def litert_outputs(model, file, images):
    if Version(keras.__version__) < Version("3.13"):
        pytest.skip("Keras exports to LiteRT since 3.13")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    model.export(str(file), format="litert", verbose=False)
    interpreter = litert.Interpreter(model_path=str(file))
    (source,) = interpreter.get_input_details()
    (target,) = interpreter.get_output_details()
    interpreter.resize_tensor_input(source["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(target["index"])


def saved_model_outputs(model, folder, images):
    model.export(folder, verbose=False)
    served = tf.saved_model.load(str(folder))
    return served.serve(tf.constant(images))


RUNTIMES = pytest.mark.parametrize(
    ("run", "suffix"),
    [
        pytest.param(onnx_outputs, ".onnx", id="onnx"),
        pytest.param(litert_outputs, ".tflite", id="litert"),
        pytest.param(saved_model_outputs, "", id="saved_model"),
    ],
)


@pytest.mark.slow
@RUNTIMES
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("groups", [2, 4])
@pytest.mark.parametrize(
    ("group", "lifting"), [("t2", True), ("c4", True), ("c4", False)]
)
def test_frozen_layers_run_elsewhere(
    rng, tmp_path, group, lifting, groups, fused, run, suffix
):
    model = network_of(rng, groups, group, lifting)
    images = noise(model, 3)
    expected = model(images)
    plain = sc.fuse_network(model).model if fused else model
    outputs = run(plain, tmp_path / f"model{suffix}", images)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


@pytest.mark.slow
@RUNTIMES
@pytest.mark.parametrize("fused", [False, True])
def test_relaxed_networks_run_elsewhere(network, relaxed, tmp_path, fused, run, suffix):
    model = sc.fuse_network(relaxed).model if fused else relaxed
    images = noise(model, 3)
    outputs = run(model, tmp_path / f"model{suffix}", images)
    np.testing.assert_allclose(outputs, network(images), rtol=1e-4, atol=1e-4)
