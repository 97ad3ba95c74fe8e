"""The equivariance error of each layer is the one on what reaches it."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers
from untied import untied

import symclone_tf as sc
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.layers import GroupConv2D
from symclone_tf.networks.layer_equivariance import layer_errors
from symclone_tf.symmetry.equivariance import equivariance_error

from networks import of_signals, of_volumes
from processors import NEEDS_CHANNELS_FIRST


def test_errors_are_those_of_each_layer_on_its_inputs(images):
    first = GroupConv2D(2, 3, "c4", name="first")
    second = GroupConv2D(2, 3, "c4", name="second", kernel_initializer="ones")
    plain = layers.Conv2D(2, 3, name="plain")
    model = keras.Sequential([plain, first, layers.ReLU(), second])
    errors = layer_errors(model, images, "c4")
    assert list(errors) == ["plain", "first", "second"]
    assert errors["plain"] == equivariance_error(plain, "c4", images)
    reached = keras.ops.relu(first(plain(images)))
    assert errors["second"] == equivariance_error(second, "c4", reached)
    assert errors["plain"] > 0.1
    assert errors["first"] < 1e-6


def test_padding_of_zeros_is_no_error_under_t2(images):
    model = keras.Sequential([layers.Conv2D(2, 5, padding="same", name="conv")])
    assert layer_errors(model, images, "t2")["conv"] < 1e-6


def test_padding_of_dilated_kernels_is_no_error_under_t2(images):
    conv = layers.Conv2D(2, 3, padding="same", dilation_rate=2, name="conv")
    assert layer_errors(keras.Sequential([conv]), images, "t2")["conv"] < 1e-6


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_does_not_overflow(rng, dtype):
    images = 100 * rng.normal(size=(16, 24, 24, 1)).astype("float32")
    conv = layers.Conv2D(8, 3, name="conv", kernel_initializer="ones", dtype=dtype)
    kernel = rng.normal(size=(3, 3, 1, 8))
    errors = []
    for layer in (conv, layers.Conv2D(8, 3, name="conv")):
        model = keras.Sequential([layer])
        model.build((None, 24, 24, 1))
        layer.kernel.assign(kernel)
        errors.append(layer_errors(model, images, "c4")["conv"])
    assert errors[0] == pytest.approx(errors[1], rel=0.02)


@pytest.mark.parametrize(
    ("layer", "group", "message"),
    [
        (layers.Conv2D(1, 3, strides=2, name="conv"), "t2", r"strides are \(2, 2\)"),
        pytest.param(
            layers.Conv2D(1, 3, data_format="channels_first", name="conv"),
            "c4",
            "data_format is channels_first",
            marks=NEEDS_CHANNELS_FIRST,
        ),
        (GroupConv2D(1, 3, "d4", name="conv"), "c4", "Feature maps of C4 have 4"),
        (layers.Conv2D(1, 7, padding="same", name="conv"), "t2", "No part"),
    ],
)
def test_what_cannot_be_measured_is_left_out_with_a_warning(layer, group, message):
    images = np.ones((2, 6, 6, 6), "float32")
    plain = layers.Conv2D(6, 1, name="plain")
    model = keras.Sequential([plain, layer])
    with pytest.warns(UserWarning, match=f"conv is not measured.*{message}"):
        assert list(layer_errors(model, images, group)) == ["plain"]


def test_layers_of_one_name_have_their_paths(images):
    parts = [
        keras.Sequential([GroupConv2D(1, 3, "c4", name="conv")], name=name)
        for name in ("one", "two")
    ]
    errors = layer_errors(keras.Sequential(parts, name="all"), images, "c4")
    assert list(errors) == ["all/one/conv", "all/two/conv"]


def test_network_without_convolutions_has_no_errors():
    images = np.zeros((2, 28, 28, 1), "float32")
    assert layer_errors(image_network("mlp"), images, "c4") == {}


@pytest.mark.slow
@pytest.mark.parametrize("network", [of_signals, of_volumes])
def test_signals_and_volumes_are_translated_along_their_axes(network):
    model = network()
    relaxed, _ = sc.relax(model, verbose=0)
    inputs = keras.random.normal((2, *model.input_shape[1:]))
    for one in (model, relaxed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last outputs are few
            errors = sc.networks.layer_errors(one, inputs, "t2")
        assert "first" in errors
        assert max(errors.values()) < 1e-5
    blocks = relaxed.get_layer("first").student.local_weights
    blocks.assign(blocks * keras.random.normal(blocks.shape))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert sc.networks.layer_errors(relaxed, inputs, "t2")["first"] > 0.1
    with pytest.warns(UserWarning, match="C4 does not act on its axes"):
        assert sc.networks.layer_errors(relaxed, inputs, "c4") == {}


def upsampling(size=8, channels=2, **options):
    """A separable convolution, then a transposed one, and their clones."""
    options = {"kernel_size": 3, "strides": 2, "padding": "same", **options}
    made = [
        layers.SeparableConv2D(4, 3, padding="same", name="separable"),
        layers.Conv2DTranspose(3, name="transposed", **options),
    ]
    model = keras.Sequential([keras.Input((size, size, channels)), *made])
    clones = [
        untied(layer, layer.input.shape[1:], symmetry="trainable") for layer in made
    ]
    return model, keras.Sequential([keras.Input((size, size, channels)), *clones])


@pytest.mark.slow
def test_separable_and_transposed_convolutions_and_their_clones_are_measured(rng):
    images = rng.normal(size=(2, 8, 8, 2)).astype("float32")
    for model in upsampling():
        errors = layer_errors(model, images, "t2")
        assert list(errors) == ["separable", "transposed"]
        assert max(errors.values()) < 1e-5
    for name in errors:
        weights = model.get_layer(name).student.local_weights
        weights.assign(weights * rng.normal(size=weights.shape))
    errors = layer_errors(model, images, "t2")
    assert min(errors.values()) > 0.1


@pytest.mark.slow
def test_transposed_convolutions_commute_with_rotations_if_their_kernels_do(rng):
    images = rng.normal(size=(2, 8, 8, 2)).astype("float32")
    for model in upsampling(padding="valid"):
        assert min(layer_errors(model, images, "c4").values()) > 0.1
        separable, transposed = model.layers
        depthwise = getattr(separable, "depthwise", separable)
        for layer in (depthwise, transposed):
            kernel = layer.weights[0]
            kernel.assign(sum(np.rot90(kernel, turns) for turns in range(4)))
        assert max(layer_errors(model, images, "c4").values()) < 1e-5


@pytest.mark.slow
def test_transposed_convolutions_whose_outputs_do_not_overlap_are_left_out(rng):
    model, clones = upsampling(4, kernel_size=5, strides=1)
    images = rng.normal(size=(2, 4, 4, 2)).astype("float32")
    for one in (model, clones):
        with pytest.warns(UserWarning, match="transposed is not measured: no part of"):
            assert list(layer_errors(one, images, "t2")) == ["separable"]


@pytest.mark.slow
def test_larger_translations_of_transposed_convolutions_are_measured_where_asked(rng):
    """A map that treats the last three columns differently."""
    _, model = upsampling(8, kernel_size=2)
    weights = model.get_layer("transposed").student.local_weights
    changed = np.array(weights).reshape(16, 16, -1)
    changed[:, -6:] *= 2
    weights.assign(changed.reshape(weights.shape))
    images = np.zeros((1, 8, 8, 2), "float32")
    images[:, :, 1] = rng.normal(size=(1, 8, 2))
    near, far = (layer_errors(model, images, "t2", size) for size in (2, 5))
    assert near["transposed"] < 1e-5 < 0.1 < far["transposed"]
