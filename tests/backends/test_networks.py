"""Whole networks: measured, relaxed, made invariant and fused, on every backend."""

import copy

import keras
import numpy as np
import pytest

import symclone_tf as sc

from clones import relative
from networks_in_files import IMAGES, LABELS, fit, network, students


@pytest.fixture(scope="module")
def made():
    return students()


def plain():
    """A small trained network of convolutions."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(3, 3, activation="relu"),
            keras.layers.Conv2D(2, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(4),
        ]
    )


def outputs(model):
    return keras.ops.convert_to_numpy(model(IMAGES, training=False))


def test_equivariance_errors_are_measured_in_each_epoch(made):
    """And how far anchored clones have gone from what was cloned."""
    model = network("decoupled", *map(copy.deepcopy, made))
    errors = sc.EquivarianceErrors(IMAGES, "c4")
    history = model.fit(IMAGES, LABELS, epochs=2, callbacks=[errors], verbose=0).history
    first, last = (layer.name for layer in model.layers[:2])
    assert max(errors.history[first]) < 1e-4  # it is frozen
    found = errors.history[last]
    assert found[0] < 1e-4 < found[-1]
    assert history["equivariance_error"][-1] == errors.network[-1].equivariance_error
    norms = [each.norm for each in errors.deviations[last]]
    assert norms[0] == 0 < norms[-1]


def test_relaxed_networks_compute_the_same_and_are_trained(tmp_path):
    model = plain()
    relaxed, _ = sc.relax(model, regions=2)
    assert relative(outputs(relaxed), outputs(model)) < 1e-5
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    relaxed.compile(keras.optimizers.Adam(0.003), loss)
    found = fit(relaxed, epochs=4)
    assert found[-1] < found[0]
    relaxed.save(tmp_path / "relaxed.keras")
    again = keras.saving.load_model(tmp_path / "relaxed.keras")
    np.testing.assert_allclose(outputs(again), outputs(relaxed), rtol=1e-5)
    fused = sc.fuse_network(relaxed).model
    assert relative(outputs(fused), outputs(relaxed)) < 1e-5


def test_networks_become_invariant_and_are_trained():
    invariant, _ = sc.symmetrize(plain(), "c4")
    turned = np.rot90(IMAGES, 1, (1, 2))
    rotated = keras.ops.convert_to_numpy(invariant(turned, training=False))
    assert relative(rotated, outputs(invariant)) < 1e-5
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    invariant.compile(keras.optimizers.Adam(0.003), loss)
    losses = fit(invariant, epochs=4)
    assert losses[-1] < losses[0]


def test_maps_become_equivariant_and_are_trained_from_logits(rng):
    """Of probabilities Keras' own loss has no gradient on PyTorch."""
    images = keras.Input((8, 8, 1))
    hidden = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(images)
    logits = keras.layers.Conv2D(2, 4, strides=2, padding="same")(hidden)
    made, _ = sc.symmetrize(keras.Model(images, logits), "c4")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    made.compile("sgd", loss)
    before = made.get_weights()
    made.fit(IMAGES, rng.integers(2, size=(len(IMAGES), 4, 4)), verbose=0)
    assert relative(made.get_weights()[0], before[0]) > 0
    found = made.predict(np.rot90(IMAGES, 1, (1, 2)).copy(), verbose=0)
    expected = np.rot90(made.predict(IMAGES, verbose=0), 1, (1, 2))
    assert relative(found, expected) < 1e-5


@pytest.mark.parametrize("symmetry", ["frozen", "trainable"])
def test_layers_are_fused(made, symmetry):
    layer = sc.ClonedConv2D(2, copy.deepcopy(made[0]), symmetry, activation="relu")
    layer.build((None, 8, 8, 1))
    fused = sc.fuse(layer)
    expected = keras.ops.convert_to_numpy(layer(IMAGES))
    assert relative(keras.ops.convert_to_numpy(fused.model(IMAGES)), expected) < 1e-5


def test_the_network_that_may_break_its_symmetry_is_trained(rng):
    """As `probe` has it, with a seed of more bits than Keras' layers take."""
    seed = 2**32 - 1
    students = sc.experiments.network_students("c4", 16, student="local", seed=seed)
    for student in students:
        sc.cloning.solve(student)
    options = {"symmetry": "anchored", "anchor_strength": 0.2, "width": 0.3}
    model = sc.experiments.image_network(
        "cloned", "c4", 4, 16, students, seed=seed, **options
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    images = rng.normal(size=(8, 16, 16, 1)).astype("float32")
    losses = model.fit(images, np.arange(8) % 4, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
