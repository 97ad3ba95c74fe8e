"""Equivariance errors and deviations are recorded while a network trains."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import symclone_tf as sc
from symclone_tf.layers import ClonedConv2D, GroupConv2D
from symclone_tf.networks.callbacks import EquivarianceErrors
from symclone_tf.networks.interpolation import teacher_errors
from symclone_tf.students.dense import DenseStudent

from cases import later
from clones import solved
from networks import classifier, on_group


def clone(small_clone):
    """A copy of the session's student, free to be trained."""
    student = DenseStudent.from_config(small_clone[0].get_config())
    student.build()
    student.set_weights(small_clone[0].get_weights())
    return student


@pytest.mark.slow
def test_frozen_clones_remain_equivariant_and_trained_ones_do_not(images, small_clone):
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


@pytest.mark.parametrize("group", ["flip", later("c8"), later("d3")])
def test_only_trainable_clones_err_beyond_what_interpolation_adds(rng, group):
    keras.utils.set_random_seed(1)
    images = rng.normal(size=(16, 9, 9, 1)).astype("float32")
    labels = (images[:, 2, 3, 0] > 0).astype("int32")
    for symmetry in ("frozen", "trainable"):
        model = on_group(group, symmetry)
        model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
        errors = EquivarianceErrors(images, group)
        model.fit(images, labels, 4, verbose=0, callbacks=[errors])
        assert list(errors.history) == ["lifting", "group"]
        own = teacher_errors(model, images, group).get("lifting", 0)
        assert (own > 0.01) == (group != "flip")
        beyond = errors.history["lifting"][-1] - own
        assert (abs(beyond) < 1e-4) == (symmetry == "frozen")


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


@pytest.mark.slow
def test_tensorboard_plots_what_the_history_has(images, tmp_path):
    """By TensorBoard's own reader: the errors of each epoch, under their names."""
    layer = ClonedConv2D(2, solved(image_size=8), "trainable", name="conv_1")
    model = classifier(layer)
    errors = EquivarianceErrors(images, "c4")
    callbacks = [errors, keras.callbacks.TensorBoard(tmp_path)]
    model.fit(images, images[:, 0, 0, 0], epochs=3, verbose=0, callbacks=callbacks)
    read = EventAccumulator(str(tmp_path / "train")).Reload()
    plotted = {
        tag: [float(tf.make_ndarray(event.tensor_proto)) for event in read.Tensors(tag)]
        for tag in read.Tags()["tensors"]
        if tag.startswith("epoch_equivariance_error")
    }
    for name, recorded in errors.history.items():
        tag = f"epoch_equivariance_error/{name}"
        assert plotted[tag] == pytest.approx(recorded[1:], rel=1e-6)
    whole = [found.equivariance_error for found in errors.network]
    assert plotted["epoch_equivariance_error"] == pytest.approx(whole[1:], rel=1e-6)


def test_second_training_starts_a_new_history(images):
    model = classifier(GroupConv2D(2, 3, "c4", name="conv"))
    errors = EquivarianceErrors(images, "c4")
    for _ in range(2):
        model.fit(images, images[:, 0, 0, 0], verbose=0, callbacks=[errors])
    assert len(errors.history["conv"]) == 2


@pytest.mark.slow
def test_the_whole_network_is_recorded_beside_its_layers(images):
    """A pooling that leaves a row out: each convolution is equivariant, all are not."""

    def history(pooling):
        keras.utils.set_random_seed(0)
        conv = GroupConv2D(2, 2, "c4", name="equivariance_error")  # maps of 7×7
        average = keras.layers.GlobalAveragePooling3D()
        ends = [average, keras.layers.Dense(3, "softmax")]
        model = keras.Sequential([conv, pooling, *ends])
        model.compile("adam", "sparse_categorical_crossentropy")
        errors = EquivarianceErrors(images, "c4")
        labels = np.arange(len(images)) % 3
        fitted = model.fit(images, labels, 64, 2, callbacks=[errors], verbose=0)
        assert len(errors.network) == 3
        last = sc.networks.network_error(model, images, "c4")
        assert errors.network[-1] == last
        logged = fitted.history
        assert logged["equivariance_error"][-1] == last.equivariance_error
        assert logged["changed_classes"][-1] == last.changed_classes
        assert max(logged["equivariance_error/equivariance_error"]) < 1e-5
        return logged["equivariance_error"]

    assert max(history(sc.layers.CentredMaxPooling2D(2))) < 1e-5
    assert min(history(keras.layers.MaxPooling3D((2, 2, 1)))) > 1e-3


def test_a_network_that_cannot_be_measured_is_left_out_with_a_warning(images):
    model = keras.Sequential([keras.layers.Conv2D(1, 3, name="conv")])
    model.compile("adam", "mse")
    errors = EquivarianceErrors(images, "t2")
    with pytest.warns(UserWarning, match=r"network is not measured: Under T\(2\)"):
        fitted = model.fit(images, images[:, 1:-1, 1:-1], callbacks=[errors], verbose=0)
    assert errors.network == []
    assert "equivariance_error" not in fitted.history
    assert "equivariance_error/conv" in fitted.history


def test_unknown_group_is_refused():
    with pytest.raises(ValueError, match="group=c65"):
        EquivarianceErrors(np.zeros((1, 4, 4, 1)), "c65")


@pytest.mark.slow
def test_deviations_of_anchored_layers_are_in_the_logs(rng):
    layers = [
        ClonedConv2D(
            2,
            solved(image_size=8),
            "anchored",
            anchor="decoupled-l2-sp",
            name="anchored",
        ),
        ClonedConv2D(2, solved("c4", False, 6), name="frozen"),
    ]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    images = rng.normal(size=(4, 8, 8, 1))
    errors = sc.EquivarianceErrors(images, "c4")
    targets = np.ones((4, 4, 4, 4, 2))
    history = model.fit(images, targets, epochs=2, callbacks=[errors], verbose=0)
    assert list(errors.deviations) == ["anchored"]
    first, *later = errors.deviations["anchored"]
    assert first.norm == 0
    norms = [np.linalg.norm([*d.positions, *d.elements.ravel()]) for d in later]
    np.testing.assert_allclose(history.history["deviation/anchored"], norms, rtol=1e-5)
    assert min(norms) > 0
    assert sc.networks.deviations(model)["anchored"].norm == pytest.approx(norms[-1])
