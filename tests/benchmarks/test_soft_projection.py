"""Kernels that are projected to those that a group changes little."""

import keras
import numpy as np
import pytest

from benchmarks.peers.soft_projection import projection, soft_projection

pytestmark = pytest.mark.slow


def network():
    layers = keras.layers
    body = [
        layers.Conv2D(5, 3, activation="relu", name="conv_1"),
        layers.Conv2D(4, 5, strides=2, activation="relu", name="conv_2"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(3, "softmax"),
    ]
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((17, 17, 2)), *body])


def rotated(kernel, turns):
    return np.rot90(kernel, turns, (0, 1))


def test_without_softness_kernels_are_means_over_the_group(rng):
    kernel = rng.normal(size=(5, 5, 2, 3))
    found = (projection("d4", 5, 0.0) @ kernel.reshape(25, 6)).reshape(kernel.shape)
    all_of_them = [
        rotated(k, turns) for k in (kernel, kernel[:, ::-1]) for turns in range(4)
    ]
    np.testing.assert_allclose(found, np.mean(all_of_them, 0), atol=1e-12)


def test_some_softness_takes_away_what_changes_its_sign_in_a_quarter_turn(rng):
    kernel = rng.normal(size=(3, 3))
    signs = np.mean([(-1) ** turns * rotated(kernel, turns) for turns in range(4)], 0)
    found = (projection("c4", 3, 0.75) @ kernel.reshape(9)).reshape(3, 3)
    np.testing.assert_allclose(found, kernel - signs, atol=1e-12)


def test_a_network_is_invariant_and_stays_so(rng):
    model = network()
    made = soft_projection(model, "c4")
    images = rng.normal(size=(8, 17, 17, 2)).astype("float32")
    turned = np.rot90(images, 1, (1, 2))
    assert np.abs(model(turned) - model(images)).max() > 0.01
    np.testing.assert_allclose(made(turned), made(images), atol=1e-6)
    made.compile("adam", "sparse_categorical_crossentropy")
    before = made(images)
    made.fit(images, np.arange(8) % 3, epochs=2, verbose=0)
    assert np.abs(made(images) - before).max() > 1e-4
    np.testing.assert_allclose(made(turned), made(images), atol=1e-6)


def test_with_all_softness_nothing_changes(rng):
    model = network()
    images = rng.normal(size=(2, 17, 17, 2)).astype("float32")
    made = soft_projection(model, "c4", 1.0)
    np.testing.assert_allclose(made(images), model(images), atol=1e-6)
    assert made.count_params() == model.count_params()
