"""Networks for images of any size remain so when they are relaxed, by regions."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import symclone_tf as sc

from regional_layers import change_regions


def of_any_size():
    """A network for images of any size, with strides, dilation and depthwise layers."""
    images = keras.Input((None, None, 3))
    x = layers.Conv2D(6, 3, 2, padding="same", activation="relu", name="first")(images)
    x = layers.Conv2D(4, 3, dilation_rate=2, name="dilated")(x)
    x = layers.SeparableConv2D(6, 3, padding="same", name="separable")(x)
    x = layers.DepthwiseConv2D(3, activation="relu", name="depthwise")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(3)(x))


def images_of(*size):
    return np.random.default_rng(0).normal(size=(2, *size, 3)).astype("float32")


@pytest.mark.parametrize("regions", [None, 2])
def test_networks_for_images_of_any_size_remain_so(regions, tmp_path):
    model = of_any_size()
    relaxed, report = sc.relax(model, regions=regions, verbose=0)
    assert relaxed.input_shape == (None, None, None, 3)
    assert not report.notes
    shown = "4×4" if regions is None else "2×2"
    assert {row.student for row in report.layers} == {f"regional {shown}"}
    assert max(row.difference for row in report.layers) < 1e-5
    relaxed.save(tmp_path / "relaxed.keras")
    again = keras.saving.load_model(tmp_path / "relaxed.keras")
    for size in ((40, 40), (33, 47)):
        expected = model.predict(images_of(*size), verbose=0)
        scale = np.abs(expected).max()
        for network in (relaxed, again):
            found = network.predict(images_of(*size), verbose=0)
            assert np.abs(found - expected).max() < 1e-5 * scale


@pytest.mark.slow
def test_they_are_trained_with_images_of_several_sizes():
    relaxed, _ = sc.relax(of_any_size(), verbose=0)
    relaxed.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    before = np.array(relaxed.get_layer("first").student.region_weights)
    for size in (36, 40, 44):  # from the second on, Keras traces for unknown sizes
        relaxed.fit(images_of(size, size), np.ones((2, 3)), verbose=0)
    after = np.array(relaxed.get_layer("first").student.region_weights)
    moved = np.abs(after - before).max(axis=(1, 2))
    assert moved.min() > 0
    assert np.abs(after - after.mean(axis=0)).max() > 1e-6  # no convolution any more


def halved_five_times():
    """A network whose last outputs are 1×1 for images of 32×32, and 7×7 for 224×224."""
    convolutions = [
        layers.Conv2D(4, 3, 2, padding="same", activation="elu", name=f"conv{i}")
        for i in range(5)
    ]
    ends = [layers.GlobalAveragePooling2D(), layers.Dense(3)]
    return keras.Sequential([keras.Input((None, None, 3)), *convolutions, *ends])


@pytest.mark.slow
def test_images_may_have_fewer_outputs_than_regions():
    model = halved_five_times()
    batches = [images_of(*size) for size in ((64, 64), (32, 40), (9, 9), (1, 2))]
    unknown = tf.data.Dataset.from_generator(
        lambda: iter(batches), output_signature=tf.TensorSpec((None, None, None, 3))
    )
    expected = np.concatenate([model(images) for images in batches])
    scale = np.abs(expected).max()
    for symmetry in ("trainable", "frozen"):
        relaxed, report = sc.relax(model, symmetry, verbose=0)
        assert {row.student for row in report.layers} == {
            "regional 4×4",
            "regional 3×3",
        }
        eager = np.concatenate([relaxed(images) for images in batches])
        compiled = relaxed.predict(unknown, steps=len(batches), verbose=0)
        for found in (eager, compiled):
            assert np.abs(found - expected).max() < 1e-5 * scale


def test_signals_of_any_length_are_trained_on_short_ones_too(rng):
    model = keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.Conv1D(8, 3, padding="same", activation="relu", name="conv"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
    relaxed, _ = sc.relax(model, "anchored", verbose=0)  # by transformed inputs
    relaxed.compile(keras.optimizers.SGD(0.1), "mse")
    batches = [rng.normal(size=(2, n, 8)).astype("float32") for n in (16, 9, 3, 2, 1)]
    signature = tf.TensorSpec((None, None, 8)), tf.TensorSpec((None, 2))
    data = tf.data.Dataset.from_generator(
        lambda: ((batch, np.ones((2, 2))) for batch in batches),
        output_signature=signature,
    )
    relaxed.fit(data.repeat(), steps_per_epoch=5, shuffle=False, verbose=0)
    expected = np.concatenate([relaxed(batch) for batch in batches])
    assert np.isfinite(expected).all()
    found = relaxed.predict(data, steps=len(batches), verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("size", [2, (33, 32), 64])
@pytest.mark.parametrize("are_trained", [False, True])
def test_they_are_fused_for_images_with_fewer_outputs_than_regions(
    rng, size, are_trained
):
    relaxed, _ = sc.relax(halved_five_times(), verbose=0)
    if are_trained:
        change_regions(relaxed, rng)
    fused = sc.fuse_network(relaxed, image_size=size)
    assert fused.layers["conv4"].cost.bytes == 4 * (
        fused.layers["conv4"].model.count_params()
    )
    images = images_of(*((size, size) if isinstance(size, int) else size))
    expected = np.array(relaxed(images))
    found = np.array(fused.model(images))
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_transposed_convolutions_of_any_size_remain_with_a_reason():
    images = keras.Input((None, None, 3))
    x = layers.Conv2D(2, 3, name="down")(images)
    model = keras.Model(images, layers.Conv2DTranspose(2, 3, name="up")(x))
    relaxed, report = sc.relax(model, verbose=0)
    assert [row.name for row in report.layers] == ["down"]
    assert "its clone, local, takes inputs of one size" in report.left["up"]
    assert relaxed(images_of(20, 24)).shape == (2, 20, 24, 2)
    _, report = sc.relax(model, image_size=12, verbose=0)
    assert [row.name for row in report.layers] == ["down", "up"]


def test_the_regions_are_at_most_the_outputs_of_a_layer():
    model = keras.Sequential(
        [
            keras.Input((9, 9, 2)),
            layers.Conv2D(3, 3, name="wide"),
            layers.MaxPooling2D(2),
            layers.Conv2D(3, 2, name="narrow"),
        ]
    )
    _, report = sc.relax(model, student="regional", regions=(4, 2), verbose=0)
    assert [row.student for row in report.layers] == [
        "regional 4×2",
        "regional 2×2",
    ]
    assert report.difference < 1e-5
    for row in report.layers:  # but for the kernels, once for all images
        assert row.operations == row.operations_before
