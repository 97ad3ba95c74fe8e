"""Equivariance of an intermediate map as a second task."""

import keras
import numpy as np
import pytest

from benchmarks.peers.soft_regularization import SoftRegularized


def network():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(3),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3, "softmax"),
        ]
    )


def test_pays_the_relative_mean_square_of_changes(rng):
    plain = network()
    edges = plain.layers[0]
    model = SoftRegularized(plain, edges, "c4", 2.0)
    images = rng.normal(size=(2000, 8, 8, 1)).astype("float32")
    np.testing.assert_allclose(model(images), plain(images), atol=1e-6)
    assert model.losses == []
    model(images, training=True)
    maps = np.asarray(edges(images))
    errors = [
        np.asarray(edges(np.rot90(images, turn, (1, 2)).copy()))
        - np.rot90(maps, turn, (1, 2))
        for turn in range(4)
    ]
    expected = 2.0 * np.mean(np.square(errors)) / np.mean(np.square(maps))
    assert float(sum(model.losses)) == pytest.approx(expected, rel=0.1)


def test_training_makes_the_map_more_equivariant(rng):
    images = rng.normal(size=(64, 8, 8, 1)).astype("float32")
    labels = rng.integers(3, size=64)
    errors = []
    for strength in (0.0, 3.0):
        plain = network()
        edges = plain.layers[0]
        model = SoftRegularized(plain, edges, "c4", strength)
        model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
        model.fit(images, labels, epochs=15, verbose=0)
        before = np.rot90(np.asarray(edges(images)), 1, (1, 2))
        after = np.asarray(edges(np.rot90(images, 1, (1, 2)).copy()))
        errors.append(np.linalg.norm(after - before) / np.linalg.norm(before))
    assert errors[1] < errors[0] / 2
