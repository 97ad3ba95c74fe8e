"""What is made of a trained network, how it goes on, and what is kept of it."""

import keras
import numpy as np
import pytest

from benchmarks.peers.lambda_equitune import lambda_equitune
from benchmarks.symmetrizing import methods, report, runs
from benchmarks.symmetrizing.methods import METHODS

from cases import later
from references import ACTIONS

pytestmark = pytest.mark.slow


def network():
    layers = keras.layers
    keras.utils.set_random_seed(0)
    body = [
        layers.Conv2D(3, 3, activation="relu", name="conv_1"),
        layers.Conv2D(3, 3, 2, "same", activation="relu", name="conv_4"),
        layers.Flatten(),
        layers.Dense(4, "softmax"),
    ]
    model = keras.Sequential([keras.Input((14, 14, 1)), *body])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


INVARIANT = (
    "mean of logits",
    later("mean of probabilities"),
    later("most confident"),
    "λ-equitune",
    "last copies learn of each other",
    later("all copies learn of each other"),
)


@pytest.mark.parametrize("title", INVARIANT)
def test_what_is_made_is_invariant(title, rng):
    model = network()
    made = METHODS[title].make(model, "c4")
    images = rng.normal(size=(3, 14, 14, 1)).astype("float32")
    turned = np.rot90(images, 1, (1, 2))
    assert np.abs(model(turned) - model(images)).max() > 0.01
    np.testing.assert_allclose(made(turned), made(images), atol=1e-6)


def test_weights_of_elements_begin_equal_and_are_learned(rng):
    model = network()
    made, mean = (
        lambda_equitune(model, "c4"),
        METHODS["mean of logits"].make(model, "c4"),
    )
    images, labels = rng.normal(size=(32, 14, 14, 1)).astype("f4"), np.arange(32) % 4
    np.testing.assert_allclose(made(images), mean(images), atol=1e-6)
    made.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    made.fit(images, labels, epochs=3, verbose=0)
    exponent = made.layers[-3]
    assert np.abs(exponent.get_weights()[0]).max() > 0
    turned = np.rot90(images, 1, (1, 2))
    np.testing.assert_allclose(made(turned), made(images), atol=1e-5)


def test_images_are_transformed_by_elements_of_a_seed(rng):
    images = rng.normal(size=(40, 5, 5, 1)).astype("float32")
    found = methods.transformed(images, "c4", 0)
    np.testing.assert_array_equal(found, methods.transformed(images, "c4", 0))
    elements = [
        next(
            e
            for e, action in enumerate(ACTIONS["c4"])
            if np.array_equal(action(image[..., 0]), moved[..., 0])
        )
        for image, moved in zip(images, found)
    ]
    assert set(elements) == {0, 1, 2, 3}


def test_what_was_interrupted_goes_on(tmp_path, monkeypatch, rng):
    x, y = rng.uniform(size=(64, 28, 28)).astype("float32"), np.arange(64) % 10
    monkeypatch.setattr(runs, "digits", lambda split, size=None: (x[:size], y[:size]))
    monkeypatch.setattr(runs, "IMAGES", 32)
    monkeypatch.setattr(runs, "FIRST_EPOCHS", 1)
    monkeypatch.setattr(runs, "EPOCHS", (0, 1))
    file = tmp_path / "symmetrizing.csv"
    runs.Study(file, 0, ["as it is"]).run()
    first = runs.read_rows(file)
    assert [(row["method"], row["epochs"]) for row in first] == [
        ("as it is", 0),
        ("as it is", 1),
    ]
    titles = ["as it is", "group convolutions from scratch"]
    study = runs.Study(file, 0, titles)
    assert [method.title for method in study.missing] == titles[1:]
    study.run()
    rows = runs.read_rows(file)
    assert rows[:2] == first
    assert [row["epochs"] for row in rows] == [0, 1, 1]
    assert rows[2]["upright"] == pytest.approx(rows[2]["transformed"])
    monkeypatch.setattr(report, "EPOCHS", (0, 1))
    text = report.report(rows, {"cores": 2})
    shown = f"{100 * rows[2]['transformed']:.1f}%"
    assert f"| {titles[1]} | 1 | {rows[2]['weights']:,} | – | {shown} |" in text
