"""Networks with separable and transposed convolutions, untied layer by layer."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers
from packaging.version import Version
from untied import change, untied

import symclone_tf as sc
from symclone_tf.networks import rebuilt

from networks import noise, settle


def unet(size=16, channels=2):
    """Two levels with skip connections, a separable convolution at the bottom."""
    x = images = keras.Input((size, size, channels))
    skips = []
    for filters in (3, 4):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = layers.SeparableConv2D(
        6, 3, padding="same", activation="relu", depth_multiplier=2, name="bottom"
    )(x)
    for level, filters in ((1, 4), (0, 3)):
        x = layers.Conv2DTranspose(filters, 2 + level, strides=2, padding="same")(x)
        x = layers.Concatenate()([x, skips[level]])
    x = layers.Conv2DTranspose(2, 3, padding="same", name="last")(x)
    outputs = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    model = keras.Model(images, outputs)
    settle(model)
    return model


def all_untied(model, **options):
    def replace(layer):
        if getattr(layer, "kernel_size", (1,))[0] == 1:
            return None
        return untied(layer, layer.input.shape[1:], **options)

    return rebuilt(model, replace)


def fused(layer):
    return sc.fuse(layer).model if hasattr(layer, "student") else None


@pytest.mark.slow
def test_a_unet_is_untied_trained_saved_and_plain_again(rng, tmp_path):
    model = unet()
    relaxed = all_untied(model, symmetry="trainable")
    images = noise(model)
    before = np.array(model(images))
    np.testing.assert_allclose(relaxed(images), before, atol=1e-5)
    names = [layer.name for layer in sc.networks.convolution_layers(relaxed)]
    assert len(names) == 7  # and the 1×1 convolution
    relaxed.compile("adam", "binary_crossentropy")
    relaxed.fit(images, np.round(before), epochs=2, verbose=0)
    after = np.array(relaxed(images))
    assert np.abs(after - before).max() > 1e-3
    relaxed.save(tmp_path / "unet.keras")
    again = keras.saving.load_model(tmp_path / "unet.keras", safe_mode=True)
    np.testing.assert_array_equal(again(images), after)

    plain = rebuilt(again, fused)
    np.testing.assert_allclose(plain(images), after, atol=1e-4)
    modules = {type(layer).__module__ for layer in plain._flatten_layers()}
    assert {module.partition(".")[0] for module in modules} == {"keras"}


@pytest.mark.slow
def test_a_frozen_unet_is_its_convolutions_again():
    model = unet()
    relaxed = all_untied(model)
    kinds = {}
    for layer in sc.networks.convolution_layers(relaxed):
        if not hasattr(layer, "student"):
            continue
        assert layer.computes_as() == "convolution"
        (kinds[layer.name],) = (
            type(part).__name__
            for part in sc.fuse(layer).model.layers
            if "Conv" in type(part).__name__
        )
    expected = {layer.name: type(layer).__name__ for layer in model.layers}
    assert kinds == {name: expected[name] for name in kinds}
    assert set(kinds.values()) == {"Conv2D", "SeparableConv2D", "Conv2DTranspose"}


@pytest.mark.slow
def test_changed_and_plain_ones_run_in_onnx_runtime_and_litert(rng, tmp_path):
    if Version(keras.__version__) < Version("3.13"):
        pytest.skip("Keras exports to LiteRT since 3.13")
    onnxruntime = pytest.importorskip("onnxruntime")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    relaxed = all_untied(unet(), symmetry="trainable")
    for layer in sc.networks.convolution_layers(relaxed):
        if hasattr(layer, "student"):
            change(layer, rng, 0.05)
    plain = rebuilt(relaxed, fused)
    images = noise(relaxed)
    for name, model in (("relaxed", relaxed), ("plain", plain)):
        expected = np.array(model(images))
        path = str(tmp_path / f"{name}.onnx")
        with warnings.catch_warnings():
            # Keras asks NumPy for names that tf2onnx still uses.
            warnings.simplefilter("ignore", FutureWarning)
            model.export(path, format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(path)
        (found,) = session.run(None, {session.get_inputs()[0].name: images})
        np.testing.assert_allclose(found, expected, atol=1e-5)
        path = str(tmp_path / f"{name}.tflite")
        model.export(path, format="litert", verbose=False)
        interpreter = litert.Interpreter(path)
        (taken,) = interpreter.get_input_details()
        interpreter.resize_tensor_input(taken["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], images)
        interpreter.invoke()
        (given,) = interpreter.get_output_details()
        found = interpreter.get_tensor(given["index"])
        np.testing.assert_allclose(found, expected, atol=1e-5)
