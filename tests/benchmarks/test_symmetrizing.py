"""What is made of a trained network, how it goes on, and what is kept of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from benchmarks.peers.lambda_equitune import lambda_equitune
from benchmarks.symmetrizing import methods, picture, report, runs
from benchmarks.symmetrizing.data import DATA, Data, breaking
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
    "last layer's copies learn of each other",
    later("all layers' copies learn of each other"),
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


def test_flips_and_rotations_are_those_of_keras(rng):
    images = np.zeros((600, 9, 9, 1), "float32")
    images[:, 1, 4] = 1.0
    found = methods.flipped_and_rotated(images, "d4", [0, 1])
    np.testing.assert_array_equal(
        found, methods.flipped_and_rotated(images, "", [0, 1])
    )
    assert found.shape == images.shape
    # Of a point above the centre, all directions are seen.
    places = found.reshape(600, -1).argmax(axis=1)
    assert len(set(places)) > 12


@pytest.fixture
def few(monkeypatch, rng):
    """A few images, and a network of them."""
    x, y = rng.uniform(size=(64, 14, 14, 1)).astype("float32"), np.arange(64) % 4
    pairs = (x[:40], y[:40]), (x[40:], y[40:])
    return Data("few", "c4", 32, 1, lambda: pairs, lambda seed: network())


def test_what_was_interrupted_goes_on(few, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "MORE", (0, 1))
    file = tmp_path / "symmetrizing.csv"
    runs.Study(file, few, 0, ["as it is"]).run()
    first = runs.read_rows(file)
    assert [(row["method"], row["epochs"]) for row in first] == [
        ("as it is", 0),
        ("as it is", 1),
    ]
    titles = ["as it is", "λ-equitune", "on transformed images, averaged in tests"]
    study = runs.Study(file, few, 0, titles)
    assert [method.title for method in study.missing] == titles[1:]
    study.run()
    rows = runs.read_rows(file)
    assert rows[:2] == first
    assert [row["epochs"] for row in rows] == [0, 1] * 3
    for row in rows[2:]:  # invariant
        assert row["as_they_are"] == pytest.approx(row["transformed"])
    monkeypatch.setattr(report, "DATA", {"few": few})
    text = report.report(rows, {"cores": 2})
    shown = [f"{100 * row['transformed']:.1f}%" for row in rows[2:4]]
    assert f"| λ-equitune | 1 | {rows[2]['weights']:,} | {' | '.join(shown)} |" in text
    assert "## few, under c4: test images as they are" in text


def test_the_cell_is_the_one_that_changes_most(rng):
    model = network()
    images = np.zeros((3, 14, 14, 1), "float32")
    images[1] = rng.uniform(size=(14, 14, 1))  # the others are the same at any angle
    figure = picture.draw(model, images)
    lines = figure.axes[-1].get_lines()
    assert [line.get_label() for line in lines] == [
        "CNN",
        "mean over D4",
        "mean over C8",
    ]
    assert [np.ptp(line.get_ydata()[::18]) > 1e-3 for line in lines] == [
        True,
        False,
        False,
    ]


def test_few_images_are_others_with_each_seed(few):
    first, again, other = (few.train(seed)[0] for seed in (0, 0, 1))
    assert len(first) == 32
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("title", DATA)
def test_networks_take_the_images_and_are_made_invariant(title, rng):
    data = DATA[title]
    model = data.make(0)
    for method in methods.methods_of(title)[1:]:
        made = METHODS[method].make(model, data.group)
        assert made.input_shape == model.input_shape
        assert made.output_shape == model.output_shape


def test_the_digits_of_breaking_have_labels_for_half_turns(monkeypatch, rng):
    images = rng.uniform(size=(6, 28, 28, 1)).astype("float32")
    labels = np.array([3, 13, 0, 19, 5, 15])

    def task(name, group, split, **options):
        assert (name, group, options["seed"]) == ("breaking", "c4", 0)
        return tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)

    monkeypatch.setattr(sc.experiments, "mnist_task", task)
    (x, y), (tested, _) = breaking()
    np.testing.assert_array_equal(x, images)
    np.testing.assert_array_equal(y, labels)
    assert tested.shape == images.shape
