"""Equivariance as a second task."""

import keras
import numpy as np
import pytest

from benchmarks.peers.multitask import Multitask


def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(3, "softmax"),
        ]
    )


def test_pays_the_mean_square_of_changes(rng):
    plain = network()
    model = Multitask(plain, "c4", 2.0)
    images = rng.normal(size=(3000, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(model(images), plain(images))
    assert model.losses == []
    model(images, training=True)
    base = plain.predict(images, verbose=0)
    each = [
        plain.predict(np.rot90(images, turn, (1, 2)).copy(), verbose=0) - base
        for turn in range(4)
    ]
    expected = 2.0 * np.mean(np.sum(np.square(each), axis=-1))
    assert float(sum(model.losses)) == pytest.approx(expected, rel=0.1)


def test_training_makes_a_network_more_invariant(rng):
    images = rng.normal(size=(64, 6, 6, 1)).astype("float32")
    labels = rng.integers(3, size=64)
    changes = []
    for strength in (0.0, 30.0):
        plain = network()
        model = Multitask(plain, "c4", strength)
        model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
        model.fit(images, labels, epochs=30, verbose=0)
        rotated = np.rot90(images, axes=(1, 2)).copy()
        outputs = [plain.predict(each, verbose=0) for each in (images, rotated)]
        changes.append(np.abs(outputs[0] - outputs[1]).mean())
    assert changes[1] < changes[0] / 2
