"""Networks are trained by a recipe, and their best weights are kept."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.cloning import checkpoints
from symclone_tf.cloning.checkpoints import Checkpoint
from symclone_tf.data import open_images
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import TaskImages
from symclone_tf.experiments.network_training import (
    BestWeights,
    compile_network,
    fit_network,
    largest_class,
    learned,
    normalization_of,
)
from symclone_tf.experiments.runs import run_experiment
from symclone_tf.workspace import Workspace

from cases import later

QUIET = Workspace(verbose=0)


@pytest.fixture
def images(rng):
    """Bright squares, left or right, on noise; each image is one of its kind."""
    pixels = rng.integers(0, 90, size=(500, 16, 16, 1))
    labels = np.arange(500) % 2
    for image, label in zip(pixels, labels):
        image[6:10, 2 + 8 * label : 6 + 8 * label] += 120
    names = {"x_train": pixels[:400], "y_train": labels[:400]}
    return names | {"x_test": pixels[400:], "y_test": labels[400:]}


def experiment_of(images, **options):
    given = {"architecture": "mlp", "task": "invariance", "recipe": "validated"}
    experiment = Experiment(**{**given, "group": "t2", "canvas": 16, **options})
    experiment = dataclasses.replace(experiment, max_translation=1)
    return experiment.complete(images)


def weights_of(layer):
    return [np.array(weight) for weight in layer.weights]


def test_images_held_out_are_none_of_those_that_are_trained_on(images):
    opened = open_images({k: v.astype("uint8") for k, v in images.items()})
    data = TaskImages(experiment_of(opened), opened)
    kept, held_out = (
        {image.tobytes() for batch, _ in part for image in batch.numpy()}
        for part in (data.train, data.held_out)
    )
    assert (len(kept), len(held_out)) == (360, 40)
    assert not kept & held_out


@pytest.mark.slow
def test_a_network_learns_normalises_and_knows_its_best_epoch(images):
    opened = open_images({k: v.astype("uint8") for k, v in images.items()})
    experiment = experiment_of(opened, epochs=12)
    model, metrics = run_experiment(experiment, QUIET, images=opened)
    assert metrics["learned"]
    assert metrics["upright_accuracy"] > 0.9
    assert 1 <= metrics["best_epoch"] <= metrics["epochs"] <= 12
    assert metrics["largest_class"] == 0.5
    data = TaskImages(experiment, opened)
    pixels = np.concatenate([batch for batch, _ in data.train])
    layer = model.get_layer("normalization")
    np.testing.assert_allclose(layer.mean, [[[[pixels.mean()]]]], rtol=1e-4)
    np.testing.assert_allclose(layer.variance, [[[[pixels.var()]]]], rtol=1e-3)


@pytest.mark.slow
def test_the_mean_of_many_pixels_is_right():
    """More than 2**24 of them, at which sums in float32 stop."""
    pixel = tf.random.stateless_uniform((16, 224, 224, 3), (0, 0))
    train = tf.data.Dataset.range(50).map(lambda _: (pixel, 0))
    layer = normalization_of(train)
    np.testing.assert_allclose(np.ravel(layer.mean), 0.5, rtol=0.01)
    np.testing.assert_allclose(np.ravel(layer.variance), 1 / 12, rtol=0.01)


@pytest.mark.slow
def test_chance_is_not_learning(images):
    # Of each kind of squares, one label as often as the other.
    shuffled = {**images, "y_train": np.arange(400) // 2 % 2}
    opened = open_images({k: v.astype("uint8") for k, v in shuffled.items()})
    metrics = run_experiment(
        experiment_of(opened, learning_rate=1e-9, epochs=1), QUIET, images=opened
    )[1]
    assert not metrics["learned"]


@pytest.mark.parametrize(
    ("accuracy", "largest", "count", "expected"),
    [
        (0.5, 0.5, 100, False),
        (0.64, 0.5, 100, False),  # 2.8 standard deviations of 0.05
        (0.66, 0.5, 100, True),
        (0.52, 0.5, 10_000, True),
        (0.9, 0.9, 100, False),
    ],
)
def test_three_standard_deviations_above_the_largest_class(
    accuracy, largest, count, expected
):
    assert learned(accuracy, largest, count) is expected


def test_the_largest_class_is_that_of_most_labels():
    labels = np.array([3, 3, 1, 0, 3, 1, 2])
    batches = tf.data.Dataset.from_tensor_slices((labels, labels)).batch(2)
    assert largest_class(batches) == pytest.approx(3 / 7)


def test_the_rate_rises_and_falls_to_nothing(images):
    opened = open_images({k: v.astype("uint8") for k, v in images.items()})
    experiment = experiment_of(opened, epochs=10, learning_rate=0.5)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    compile_network(model, experiment, 20)
    rate = model.optimizer._learning_rate
    found = [float(rate(step)) for step in (0, 5, 10, 105, 200)]
    # 10 steps up; then half a wave over 190.
    np.testing.assert_allclose(found, [0, 0.25, 0.5, 0.25, 0], atol=1e-6)


class Remembering(keras.callbacks.Callback):
    """Remembers weights and the accuracy of images held out, after each epoch."""

    def on_train_begin(self, logs=None):
        self.weights, self.accuracies = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())
        self.accuracies.append(logs["val_accuracy"])


@pytest.mark.slow
def test_the_weights_are_those_of_the_last_of_the_best_epochs(rng):
    x, y = rng.normal(size=(40, 4)), rng.integers(0, 3, 40)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(3.0), loss, metrics=["accuracy"])
    remembered, best = Remembering(), BestWeights(patience=100)
    model.fit(
        *(x[:20], y[:20]),
        validation_data=(x[20:], y[20:]),
        epochs=12,
        callbacks=[remembered, best],
        verbose=0,
    )
    found = np.array(remembered.accuracies)
    last = np.flatnonzero(found == found.max())[-1]
    assert found.min() < found.max()
    assert best.best_epoch == last
    for mine, theirs in zip(model.get_weights(), remembered.weights[last]):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_training_stops_where_nothing_improves(rng):
    x, y = rng.normal(size=(40, 4)), rng.integers(0, 3, 40)
    layers = [keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(0.0), loss, metrics=["accuracy"])

    class Falling(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_accuracy"] = 0.5 - 0.1 * epoch

    best = BestWeights(patience=3)
    pair = {"validation_data": (x, y), "callbacks": [Falling(), best]}
    history = model.fit(x, y, epochs=20, verbose=0, **pair)
    assert len(history.epoch) == 4
    assert best.best_epoch == 0


@pytest.mark.slow
@pytest.mark.parametrize("stop", [2, later(4)])
def test_what_was_interrupted_ends_as_if_it_had_not_been(
    images, stop, tmp_path, monkeypatch
):
    """With dropout, augmentation, the schedule, and the best weights so far."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0)
    opened = open_images({k: v.astype("uint8") for k, v in images.items()})
    options = {"epochs": 6, "augment": "flip,rotation", "batch_size": 90}
    experiment = experiment_of(opened, **options)

    class Interrupting(Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if epoch + 1 == stop:
                raise KeyboardInterrupt

    whole, expected = run_experiment(experiment, QUIET, images=opened)
    file = tmp_path / "unfinished.weights.h5"
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment, QUIET, Interrupting(file), images=opened)
    resumed, found = run_experiment(
        experiment, QUIET, Checkpoint(file), resume=True, images=opened
    )
    for mine, theirs in zip(weights_of(resumed), weights_of(whole), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for name in ("accuracy", "loss", "epochs", "best_epoch"):
        assert found[name] == expected[name]


@pytest.mark.slow
def test_without_images_held_out_the_last_weights_stay(images):
    opened = open_images({k: v.astype("uint8") for k, v in images.items()})
    experiment = experiment_of(opened, train_size=100, epochs=3)
    data = TaskImages(experiment, opened)
    assert data.held_out is None
    model = keras.Sequential(
        [keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    compile_network(model, experiment, len(data.train))
    trained = fit_network(model, experiment, data.train, verbose=0)
    assert (trained.epochs, trained.best_epoch) == (3, 3)
    assert int(model.optimizer.iterations) == 3 * len(data.train)
