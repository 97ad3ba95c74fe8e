import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import symclone_tf as sc
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.layers.callbacks import EquivarianceErrors, layer_errors
from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.layers.group_conv2d import GroupConv2D
from symclone_tf.students.dense import DenseStudent
from symclone_tf.symmetry.equivariance import equivariance_error

from clones import solved
from networks import of_signals, of_volumes


def classifier(*convs):
    model = keras.Sequential([*convs, layers.GlobalAveragePooling3D(), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.fixture
def images(rng):
    return rng.normal(size=(6, 8, 8, 1)).astype("float32")


def clone(small_clone):
    """A copy of the session's student, free to be trained."""
    student = DenseStudent.from_config(small_clone[0].get_config())
    student.build()
    student.set_weights(small_clone[0].get_weights())
    return student


def test_errors_are_those_of_each_layer_on_what_reaches_it(images):
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
        (
            layers.Conv2D(1, 3, data_format="channels_first", name="conv"),
            "c4",
            "data_format is channels_first",
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


def test_layers_of_one_name_are_told_apart(images):
    parts = [
        keras.Sequential([GroupConv2D(1, 3, "c4", name="conv")], name=name)
        for name in ("one", "two")
    ]
    errors = layer_errors(keras.Sequential(parts, name="all"), images, "c4")
    assert list(errors) == ["all/one/conv", "all/two/conv"]


def test_compiled_calls_are_measured_too(images):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = GroupConv2D(2, 3, "c4", name="conv")

        @tf.function
        def call(self, inputs):
            return self.conv(inputs)

    model = Model()
    model(images)
    assert list(layer_errors(model, images, "c4")) == ["conv"]
    assert not tf.config.functions_run_eagerly()


def test_measuring_leaves_the_model_as_it_was(images):
    model = classifier(GroupConv2D(2, 3, "c4"))
    before = model(images)
    layer_errors(model, images, "c4")
    assert "call" not in vars(model.layers[0])
    np.testing.assert_array_equal(model(images), before)


def test_frozen_clones_stay_and_trained_ones_leave(images, small_clone):
    def history(symmetry):
        keras.utils.set_random_seed(1)
        layer = ClonedConv2D(2, clone(small_clone), symmetry, name="conv")
        errors = EquivarianceErrors(images, "c4")
        fitted = classifier(layer).fit(
            images, images[:, 2, 3, 0], epochs=3, verbose=0, callbacks=[errors]
        )
        logged = fitted.history["equivariance_error/conv"]
        assert errors.history["conv"][1:] == logged
        return errors.history["conv"]

    frozen, trained = history("frozen"), history("trainable")
    assert len(frozen) == len(trained) == 4
    assert max(frozen) < 1e-4
    assert trained[0] < 1e-4
    assert trained[1] < trained[2] < trained[3]
    assert trained[3] > 1e-2


def test_errors_reach_tensorboard(images, tmp_path):
    model = classifier(GroupConv2D(2, 3, "c4", name="conv"))
    callbacks = [
        EquivarianceErrors(images, "c4"),
        keras.callbacks.TensorBoard(tmp_path),
    ]
    model.fit(images, images[:, 0, 0, 0], epochs=2, verbose=0, callbacks=callbacks)
    (file,) = (tmp_path / "train").glob("events*")
    seen = [
        (event.step, value.tag)
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    tag = "epoch_equivariance_error/conv"
    assert [step for step, name in seen if name == tag] == [0, 1]


def test_subclassed_models_are_measured(images):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = GroupConv2D(2, 3, "c4", name="conv")
            self.unused = GroupConv2D(2, 3, "c4", name="unused")

        def build(self, shape):
            self.conv.build(shape)

        def call(self, inputs):
            return keras.ops.mean(self.conv(inputs), axis=(1, 2, 3))

    errors = layer_errors(Model(), images, "c4")
    assert list(errors) == ["conv"]
    assert errors["conv"] < 1e-6


def test_network_without_convolutions_has_no_errors():
    images = np.zeros((2, 28, 28, 1), "float32")
    assert layer_errors(image_network("mlp"), images, "c4") == {}


def test_second_training_starts_a_new_history(images):
    model = classifier(GroupConv2D(2, 3, "c4", name="conv"))
    errors = EquivarianceErrors(images, "c4")
    for _ in range(2):
        model.fit(images, images[:, 0, 0, 0], verbose=0, callbacks=[errors])
    assert len(errors.history["conv"]) == 2


def test_unknown_group_is_refused():
    with pytest.raises(ValueError, match="group=c3"):
        EquivarianceErrors(np.zeros((1, 4, 4, 1)), "c3")


def test_what_moved_of_anchored_layers_joins_the_logs(rng):
    layers = [
        ClonedConv2D(
            2, solved(image_size=8), "anchored", anchor="decoupled-l2-sp", name="held"
        ),
        ClonedConv2D(2, solved("c4", False, 6), name="frozen"),
    ]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    images = rng.normal(size=(4, 8, 8, 1))
    errors = sc.EquivarianceErrors(images, "c4")
    targets = np.ones((4, 4, 4, 4, 2))
    history = model.fit(images, targets, epochs=2, callbacks=[errors], verbose=0)
    assert list(errors.deviations) == ["held"]
    first, *later = errors.deviations["held"]
    assert first.norm == 0
    norms = [np.linalg.norm([*d.positions, *d.elements.ravel()]) for d in later]
    np.testing.assert_allclose(history.history["moved/held"], norms, rtol=1e-5)
    assert min(norms) > 0
    assert sc.layers.deviations(model)["held"].norm == pytest.approx(norms[-1])


@pytest.mark.parametrize("network", [of_signals, of_volumes])
def test_signals_and_volumes_are_shifted_along_their_axes(network):
    model = network()
    relaxed, _ = sc.relax(model, verbose=0)
    inputs = keras.random.normal((2, *model.input_shape[1:]))
    for one in (model, relaxed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last outputs are few
            errors = sc.layers.layer_errors(one, inputs, "t2")
        assert "first" in errors
        assert max(errors.values()) < 1e-5
    blocks = relaxed.get_layer("first").student.local_weights
    blocks.assign(blocks * keras.random.normal(blocks.shape))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert sc.layers.layer_errors(relaxed, inputs, "t2")["first"] > 0.1
    with pytest.warns(UserWarning, match="C4 does not move its axes"):
        assert sc.layers.layer_errors(relaxed, inputs, "c4") == {}
