"""Whole networks, fused into built-in Keras layers."""

import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc

from cases import later
from networks import noise, of_signals, of_volumes, plain
from processes import run_script
from processors import NEEDS_CHANNELS_FIRST
from regional_layers import change_regions


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("group", "symmetry"),
    [("c8", "frozen"), ("flip", "trainable"), later("d3", "anchored")],
)
def test_poolings_over_the_group_become_sums_of_keras(rng, tmp_path, group, symmetry):
    student, _ = sc.clone(group, image_size=9, solver="closed-form", verbose=0)
    pooling = sc.layers.GroupPooling(symmetry, name="pooling")
    model = keras.Sequential(
        [
            keras.Input((9, 9, 1)),
            sc.ClonedConv2D(4, student, activation="relu", name="lifting"),
            pooling,
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    for weight in pooling.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    fused = sc.fuse_network(model).model
    modules = {type(layer).__module__ for layer in fused._flatten_layers()}
    assert not [name for name in modules if name.startswith("symclone_tf")]
    images = noise(model)
    np.testing.assert_allclose(fused(images), model(images), atol=1e-4)
    fused.save(tmp_path / "fused.keras")
    again = keras.saving.load_model(tmp_path / "fused.keras")
    np.testing.assert_allclose(again(images), fused(images), atol=1e-6)


@NEEDS_CHANNELS_FIRST
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", ["frozen", later("trainable")])
def test_networks_of_volumes_become_their_convolutions_again(symmetry):
    model = of_volumes()
    relaxed, _ = sc.relax(model, symmetry, verbose=0)
    fused = sc.fuse_network(relaxed)
    for name in ("first", "second"):
        assert fused.layers[name].form == "convolution"
        before, after = model.get_layer(name), fused.model.get_layer(name)
        assert type(after) is keras.layers.Conv3D
        assert (after.padding, after.strides) == (before.padding, before.strides)
        np.testing.assert_allclose(after.kernel, before.kernel, atol=1e-5)
    volumes = keras.random.normal((2, 6, 5, 6, 1))
    np.testing.assert_allclose(fused.model(volumes), model(volumes), atol=1e-4)


@pytest.mark.slow
def test_changed_clones_of_volumes_become_one_matrix(rng):
    relaxed = changed(of_volumes(), rng)
    fused = sc.fuse_network(relaxed)
    assert {layer.form for layer in fused.layers.values()} == {"dense"}
    lacking = fused.layers["first"].lacking
    assert lacking.startswith("no convolution: its blocks are not translation equi")
    assert lacking.endswith("no blocks: they have no plain form")
    volumes = keras.random.normal((2, 6, 5, 6, 1))
    np.testing.assert_allclose(fused.model(volumes), relaxed(volumes), atol=1e-4)


def pooled(size):
    """Convolutions with a centred pooling between them."""
    images = keras.Input((size, size, 2))
    x = layers.Conv2D(3, 3, name="first")(images)
    x = sc.layers.CentredMaxPooling2D(2, name="pooling")(x)
    return keras.Model(images, layers.Conv2D(2, 3, name="second")(x))


@pytest.mark.slow
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
    with pytest.raises(ValueError, match="one size, and it is called with several"):
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


@pytest.mark.slow
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


def of_any_size(channels=2):
    """A network of images of any size, with convolutions of several kinds."""
    images = keras.Input((None, None, channels), name="images")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(images)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = layers.Conv2D(4, 3, strides=2, groups=2, name="second")(x)
    return keras.Model(images, layers.GlobalAveragePooling2D()(x))


SIZES = [(32, 32), (20, 27)]


def images_of(size, channels=2):
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, *size, channels)).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", ["frozen", later("trainable")])
def test_unchanged_clones_of_images_of_any_size_stay_so(symmetry):
    model = of_any_size()
    relaxed, _ = sc.relax(model, symmetry, verbose=0)
    fused = sc.fuse_network(relaxed).model
    assert fused.input_shape == model.input_shape
    kept = [type(layer).__name__ for layer in fused.layers]
    assert kept == [type(layer).__name__ for layer in model.layers]
    for size in SIZES:
        images = images_of(size)
        np.testing.assert_allclose(fused(images), model(images), atol=1e-5)


@pytest.mark.slow
def test_changed_clones_of_images_of_any_size_are_fused_for_one(rng, tmp_path):
    relaxed, _ = sc.relax(of_any_size(), verbose=0)
    change_regions(relaxed, rng)
    with pytest.raises(ValueError, match="'first' takes images of any size") as why:
        sc.fuse_network(relaxed)
    assert "\n" not in str(why.value)
    assert "pass `image_size`" in str(why.value)
    for size in SIZES:
        fused = sc.fuse_network(relaxed, image_size=size)
        assert {layer.form for layer in fused.layers.values()} == {"regions"}
        assert fused.model.input_shape == (None, *size, 2)
        images = images_of(size)
        expected = relaxed(images)
        np.testing.assert_allclose(fused.model(images), expected, atol=1e-5)
    fused.model.save(tmp_path / "plain.keras")
    again = keras.saving.load_model(tmp_path / "plain.keras")
    np.testing.assert_allclose(again(images), expected, atol=1e-5)
    with pytest.raises(ValueError, match="`kernel_size` must not exceed `image_size`"):
        sc.fuse_network(relaxed, image_size=2)


def test_a_clone_that_is_called_with_several_sizes_is_a_convolution_or_refused(rng):
    teacher = sc.ConvTeacher("t2", 16, padding="same")
    student, _ = sc.clone(teacher, student="regional", solver="closed-form", verbose=0)
    shared = sc.ClonedConv2D(2, student, "trainable", name="shared")
    images = keras.Input((16, 16, 2))
    x = shared(shared(images)[:, ::2, ::2])
    model = keras.Model(images, layers.GlobalAveragePooling2D()(x))
    fused = sc.fuse_network(model).model
    assert type(fused.get_layer("shared")).__name__ == "Conv2D"
    np.testing.assert_allclose(fused(noise(model)), model(noise(model)), atol=1e-5)
    change_regions(model, rng)
    with pytest.raises(ValueError, match="'shared' is called with images of several"):
        sc.fuse_network(model)


@pytest.mark.slow
def test_clones_are_fused_for_the_sizes_that_reach_them(rng):
    """A student of one size in a network of another, before a pooling and after."""
    student, _ = sc.clone(
        sc.ConvTeacher("t2", 16, padding="same"),
        student="regional",
        solver="closed-form",
        verbose=0,
    )
    images = keras.Input((12, 12, 2))
    x = sc.ClonedConv2D(3, student, "trainable", name="before")(images)
    x = layers.MaxPooling2D()(x)
    x = sc.ClonedConv2D(3, student, "trainable", name="after")(x)
    model = keras.Model(images, x)
    change_regions(model, rng)
    fused = sc.fuse_network(model)
    positions = {name: layer.cost.operations for name, layer in fused.layers.items()}
    assert positions == {"before": 2 * 9 * 2 * 3 * 144, "after": 2 * 9 * 3 * 3 * 36}
    np.testing.assert_allclose(
        fused.model(noise(model)), model(noise(model)), atol=1e-5
    )


def test_centred_poolings_of_any_size_are_fused_for_one():
    images = keras.Input((None, None, 2))
    x = layers.Conv2D(3, 3, name="conv")(images)
    model = keras.Model(images, sc.layers.CentredMaxPooling2D(2, name="pooling")(x))
    with pytest.raises(ValueError, match="the model takes any: pass `image_size`"):
        sc.fuse_network(model)
    fused = sc.fuse_network(model, image_size=11).model
    np.testing.assert_allclose(fused(images_of((11, 11))), model(images_of((11, 11))))


def test_an_image_size_that_a_network_does_not_take_is_refused():
    relaxed, _ = sc.relax(plain(), verbose=0)
    with pytest.raises(ValueError, match=r"takes images of shape \(12, 12, 2\)"):
        sc.fuse_network(relaxed, image_size=10)
