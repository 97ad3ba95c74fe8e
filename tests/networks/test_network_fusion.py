"""Whole networks, fused into built-in Keras layers."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc

from networks import noise, of_signals, of_volumes, plain
from processes import run_script


def kinds(model):
    return {
        layer.name: type(layer).__name__
        for layer in model._flatten_layers(include_self=False)
    }


@pytest.mark.parametrize("symmetry", ["frozen", "trainable"])
def test_unchanged_clones_become_convolutions_again(symmetry):
    model = plain()
    relaxed, _ = sc.relax(model, symmetry, verbose=0)
    fused = sc.fuse_network(relaxed)
    assert kinds(fused.model) == kinds(model)
    forms = {name: layer.form for name, layer in fused.layers.items()}
    assert forms == dict.fromkeys(("first", "inner", "depthwise"), "convolution")
    assert fused.model.get_layer("first").strides == (2, 2)
    images = noise(model)
    np.testing.assert_allclose(fused.model(images), model(images), atol=1e-5)


def changed(model, rng):
    relaxed, _ = sc.relax(model, verbose=0)
    for layer in sc.networks.convolution_layers(relaxed):
        for weight in getattr(layer, "student", layer).trainable_weights:
            change = rng.normal(size=weight.shape).astype("float32")
            weight.assign(weight + 0.1 * change)
    return relaxed


def test_changed_clones_become_layers_of_another_form(rng):
    model = plain()
    relaxed = changed(model, rng)
    fused = sc.fuse_network(relaxed)
    assert {name: layer.form for name, layer in fused.layers.items()} == dict.fromkeys(
        ("first", "inner", "depthwise"), "factored"
    )
    assert kinds(fused.model)["first"] == "Sequential"
    assert "ClonedConv2D" not in kinds(fused.model).values()
    images = noise(model)
    expected = np.array(relaxed(images))
    assert np.abs(expected - model(images)).max() > 1e-3
    np.testing.assert_allclose(fused.model(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_fused_network_does_not_need_this_package(rng, tmp_path):
    relaxed = changed(plain(), rng)
    sc.fuse_network(relaxed).model.save(tmp_path / "plain.keras")
    images = noise(relaxed)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "outputs.npy", relaxed(images))
    done = run_script(
        "import sys; sys.modules['symclone_tf'] = None\n"
        "import keras, numpy as np\n"
        "model = keras.saving.load_model('plain.keras')\n"
        "outputs = model.predict(np.load('images.npy'), verbose=0)\n"
        "np.testing.assert_allclose(outputs, np.load('outputs.npy'), atol=1e-4)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr


def test_group_convolutions_become_convolutions_with_reshapes():
    model = keras.Sequential(
        [keras.Input((9, 9, 1)), sc.GroupConv2D(2, 3, "c4", name="lifting")]
    )
    with pytest.raises(ValueError, match=r"'lifting' has no plain form.*GroupConv2D"):
        sc.fuse_network(model)
    relaxed, _ = sc.relax(model, "frozen", verbose=0)
    fused = sc.fuse_network(relaxed)
    assert isinstance(fused.model.get_layer("lifting"), keras.Sequential)
    images = noise(model)
    np.testing.assert_allclose(fused.model(images), model(images), atol=1e-5)


def test_channels_first_is_kept():
    model = keras.Sequential(
        [
            keras.Input((2, 8, 7)),
            layers.Conv2D(3, 3, data_format="channels_first", name="first"),
        ]
    )
    relaxed, _ = sc.relax(model, verbose=0)
    fused = sc.fuse_network(relaxed).model
    images = noise(model)
    np.testing.assert_allclose(fused(images), relaxed(images), atol=1e-5)


def test_the_compiled_loss_is_kept():
    relaxed, _ = sc.relax(plain(), verbose=0)
    relaxed.compile("sgd", "mse")
    fused = sc.fuse_network(relaxed).model
    images = noise(relaxed)
    targets = np.zeros((2, 3))
    expected = relaxed.evaluate(images, targets, verbose=0)
    # Regularizers of kernels are not kept: fused kernels are not to be trained.
    assert fused.evaluate(images, targets, verbose=0) == pytest.approx(
        expected - float(sum(relaxed.losses)), rel=1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", ["frozen", "trainable"])
def test_networks_of_signals_become_their_convolutions_again(symmetry):
    model = of_signals()
    relaxed, _ = sc.relax(model, symmetry, verbose=0)
    fused = sc.fuse_network(relaxed)
    for name in ("first", "second", "third"):
        assert fused.layers[name].form == "convolution"
        before, after = model.get_layer(name), fused.model.get_layer(name)
        assert type(after) is keras.layers.Conv1D
        assert after.padding == before.padding
        np.testing.assert_allclose(after.kernel, before.kernel, atol=1e-5)
    signals = keras.random.normal((3, 24, 2))
    np.testing.assert_allclose(fused.model(signals), model(signals), atol=1e-4)


def test_volumes_have_no_relative_receptive_field_and_become_one_matrix():
    model = of_volumes()
    relaxed, _ = sc.relax(model, verbose=0)
    fused = sc.fuse_network(relaxed)
    assert {layer.form for layer in fused.layers.values()} == {"dense"}
    assert "no relative receptive field" in fused.layers["first"].lacking
    volumes = keras.random.normal((2, 6, 5, 6, 1))
    np.testing.assert_allclose(fused.model(volumes), model(volumes), atol=1e-4)


def pooled(size):
    """Convolutions with a centred pooling between them."""
    images = keras.Input((size, size, 2))
    x = layers.Conv2D(3, 3, name="first")(images)
    x = sc.layers.CentredMaxPooling2D(2, name="pooling")(x)
    return keras.Model(images, layers.Conv2D(2, 3, name="second")(x))


@pytest.mark.parametrize("size", [12, 11])
def test_centred_poolings_become_poolings_of_keras(size):
    relaxed, _ = sc.relax(pooled(size), "frozen", verbose=0)
    fused = sc.fuse_network(relaxed).model
    used = {
        type(layer).__module__.partition(".")[0] for layer in fused._flatten_layers()
    }
    assert used == {"keras"}
    (plain_pooling,) = fused.get_layer("pooling").layers
    assert plain_pooling.pool_size == ((2, 2) if size == 12 else (3, 3))
    images = noise(relaxed)
    np.testing.assert_allclose(fused(images), relaxed(images), atol=1e-5)


def test_centred_poolings_of_several_or_unknown_sizes_are_refused():
    pooling = sc.layers.CentredMaxPooling2D(2, name="pooling")
    images = keras.Input((None, None, 2))
    model = keras.Model(images, pooling(images))
    with pytest.raises(ValueError, match="'pooling' becomes Keras' pooling for images"):
        sc.fuse_network(model)
    images = keras.Input((12, 12, 2))
    model = keras.Model(images, pooling(pooling(images)))
    with pytest.raises(ValueError, match="called with images of several sizes"):
        sc.fuse_network(model)


class Local(layers.Layer):
    """A block of a class that Keras cannot read from a file."""

    def __init__(self, secret, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(2, 3, padding="same", name="inside")

    def build(self, shape):
        self.conv.build(shape)

    def call(self, x):
        return self.conv(x)


def test_blocks_that_keras_cannot_read_are_fused_with_a_note():
    images = keras.Input((8, 8, 2))
    model = keras.Model(images, Local(object(), name="block")(images))
    relaxed, _ = sc.relax(model, verbose=0)
    fused = sc.fuse_network(relaxed)
    assert fused.notes[0].startswith("'block', a Local, is read from a .keras file")
    np.testing.assert_allclose(
        fused.model(noise(model)), model(noise(model)), atol=1e-5
    )


def test_a_wrapper_of_what_is_no_convolution_any_more_is_replaced(rng):
    images = keras.Input((8, 8, 2))
    bounded = layers.SpectralNormalization(
        layers.Conv2D(2, 3, name="inside"), name="out"
    )
    model = keras.Model(images, bounded(images))
    relaxed, _ = sc.relax(model, verbose=0)
    assert kinds(sc.fuse_network(relaxed).model)["out"] == "SpectralNormalization"
    relaxed = changed(model, rng)
    fused = sc.fuse_network(relaxed)
    assert kinds(fused.model)["out"] == "Sequential"
    assert fused.notes[0].startswith("'out' is no convolution any more, whose kernel")
    np.testing.assert_allclose(
        fused.model(noise(model)), relaxed(noise(model)), atol=1e-5
    )


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="`model` must be a Keras model"):
        sc.fuse_network("model.keras")
