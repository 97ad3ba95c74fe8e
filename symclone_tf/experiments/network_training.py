"""The training of an experiment's network: its rate, when it ends, what is kept."""

import dataclasses
import math
import time
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.backends import backend
from symclone_tf.cloning import Checkpoint, TrainingProgress, skip
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.training_recipes import TRAINING_RECIPES
from symclone_tf.types import Array

# Shares of all steps in which the learning rate rises, and of all epochs after which
# training stops if none lowered the loss.
RISING, PATIENCE = 1 / 20, 1 / 4
# Standard deviations above the largest class that tell a network from chance.
BEYOND_CHANCE = 3.0
# By an epoch, less than one of a million images held out.
_TIE = 1e-9


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a training took.

    Attributes:
        epochs: Integer, how many were trained, those of an interrupted run included.
        best_epoch: Integer, whose weights were kept, from 1.
        seconds_per_epoch: Float, of this run; `None` if it had no epoch left to train.

    Example:

    >>> Trained(epochs=8, best_epoch=6, seconds_per_epoch=1.5).best_epoch
    6
    """

    epochs: int
    best_epoch: int
    seconds_per_epoch: float | None


def compile_network(model: keras.Model, experiment: Experiment, steps: int) -> None:
    """Compiles a network for the training of an experiment.

    Args:
        model: `keras.Model`.
        experiment: `Experiment`, complete.
        steps: Integer, of an epoch.
    """
    model.compile(
        keras.optimizers.AdamW(learning_rate_of(experiment, steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # On CPUs XLA slows down all but the largest trained students.
        jit_compile=backend().compiles_steps(),
    )


def learning_rate_of(experiment: Experiment, steps: int) -> Any:
    """The learning rate of an experiment, or its schedule.

    Args:
        experiment: `Experiment`, complete.
        steps: Integer, of an epoch.

    Returns:
        Float or `keras.optimizers.schedules.LearningRateSchedule`.
    """
    rate = cast(float, experiment.learning_rate)  # complete
    if not TRAINING_RECIPES[experiment.recipe].validated:
        return rate
    total = cast(int, experiment.epochs) * steps
    rising = max(1, round(RISING * total))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, total - rising), warmup_target=rate, warmup_steps=rising
    )


def normalization_of(train: tf.data.Dataset) -> keras.layers.Normalization:
    """A layer that normalises each channel by the images that are trained on.

    Args:
        train: `tf.data.Dataset` of batches of images and labels, or more.

    Returns:
        `keras.layers.Normalization`, adapted.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(20, 4, 4, 3))
    >>> train = tf.data.Dataset.from_tensor_slices((images, np.zeros(20))).batch(5)
    >>> layer = normalization_of(train)
    >>> bool(np.allclose(layer.mean, images.mean((0, 1, 2)), atol=1e-5))
    True
    """
    layer = keras.layers.Normalization(axis=-1, name="normalization")
    # Of batches: of an array of floats Keras 3.15 takes NumPy's sums in float32, which
    # stop at 2**24 pixels: findings/keras-normalization-loses-count-of-pixels.sh.
    layer.adapt(train.map(lambda images, *others: images))
    return layer


def fit_network(
    model: keras.Model,
    experiment: Experiment,
    train: tf.data.Dataset,
    held_out: tf.data.Dataset | None = None,
    verbose: int = 1,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    metric: str = "accuracy",
) -> Trained:
    """Trains a network by an experiment's recipe.

    Args:
        model: `keras.Model`, compiled.
        experiment: `Experiment`, complete.
        train: `tf.data.Dataset` of batches, which shuffles itself.
        held_out: `tf.data.Dataset` of batches, of the images to stop by; `None` for
            all epochs, and the weights of the last.
        verbose: Integer, 0 for silence.
        checkpoint: `Checkpoint`, or `None`.
        resume: Boolean, whether to continue from it.
        metric: String, the metric that is shown, and, of images held out, stopped by.

    Returns:
        `Trained`.
    """
    epochs, length = cast(int, experiment.epochs), len(train)
    timer, callbacks = _EpochSeconds(), [keras.callbacks.TerminateOnNaN()]
    best = None
    if held_out is not None:
        patience = max(2, math.ceil(PATIENCE * epochs))
        best = BestWeights(patience, f"val_{metric}")
        callbacks.append(best)
    done = 0
    if checkpoint:
        checkpoint.beside = best
        done = checkpoint.restore(model) if resume else 0
        callbacks.append(checkpoint)
    skip(train, model, done)
    with TrainingProgress(
        experiment.architecture,  # its longer description leaves no room for the bar
        epochs * length,
        metric,
        ".1%",
        disable=not verbose,
        done=done,
    ) as progress:
        model.fit(
            train,
            validation_data=held_out,
            epochs=epochs,
            initial_epoch=done // length,
            shuffle=False,  # the data set shuffles itself
            verbose=0,
            callbacks=[progress, timer, *callbacks],
        )
    seconds, total = timer.seconds, done // length + len(timer.seconds)
    return Trained(
        total,
        best.best_epoch + 1 if best else total,
        round(float(np.mean(seconds)), 2) if seconds else None,
    )


class BestWeights(keras.callbacks.EarlyStopping):
    """Stops where the accuracy of images held out rises no more; the best weights stay.

    Of epochs that are equally good, the last is the best: its learning rate was lower.

    Its state is kept beside a `Checkpoint`'s weights, so that an interrupted training
    goes on as it would have.

    Args:
        patience: Integer, epochs.
        monitor: String, the metric in place of the accuracy, which is to rise.

    Example:

    >>> best = BestWeights(patience=3)
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse", metrics=["accuracy"])
    >>> x, y = np.ones((4, 2)), np.full((4, 1), 7)
    >>> history = model.fit(
    ...     x, y, epochs=2, validation_data=(x, y), callbacks=[best], verbose=0
    ... )
    >>> best.best_epoch  # of two with an accuracy of 0
    1
    """

    def __init__(self, patience: int, monitor: str = "val_accuracy") -> None:
        super().__init__(
            monitor, patience=patience, mode="max", restore_best_weights=True
        )
        self._epoch = 0
        self._restored: dict[str, Array] = {}

    def on_train_begin(self, logs: dict | None = None) -> None:
        super().on_train_begin(logs)
        if self._restored:
            self.wait, self.best_epoch = map(int, self._restored["counts"])
            self.best = float(self._restored["best"])
            names = sorted(name for name in self._restored if name.startswith("weight"))
            self.best_weights = [self._restored[name] for name in names]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch = epoch
        super().on_epoch_end(epoch, logs)

    def get_monitor_value(self, logs: dict | None) -> float:
        return super().get_monitor_value(logs) + _TIE * self._epoch

    def get_state(self) -> dict[str, Array]:
        """What a checkpoint keeps: arrays by name."""
        weights = self.best_weights or []
        return {
            "counts": np.array([self.wait, self.best_epoch]),
            "best": np.array(float(self.best)),
            **{f"weight_{n:05}": weight for n, weight in enumerate(weights)},
        }

    def set_state(self, state: dict[str, Array]) -> None:
        """Continues, with the next training, from what a checkpoint kept."""
        self._restored = state


class _EpochSeconds(keras.callbacks.Callback):
    """The time of each epoch, without that of later callbacks."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._start)


def largest_class(batches: tf.data.Dataset) -> float:
    """The share of the class that most images have.

    Args:
        batches: `tf.data.Dataset` of batches of images and labels.

    Returns:
        Float, the accuracy of whoever always says that class.

    Example:

    >>> labels = np.array([0, 1, 1, 2])
    >>> batches = tf.data.Dataset.from_tensor_slices((np.zeros((4, 1)), labels))
    >>> largest_class(batches.batch(3))
    0.5
    """
    labels = np.concatenate([found.numpy() for _, found in batches])
    return float(np.bincount(labels).max() / len(labels))


def learned(accuracy: float, largest: float, count: int) -> bool:
    """Whether a network has learned more than the largest class.

    Args:
        accuracy: Float, of test images.
        largest: Float, the share of the largest class.
        count: Integer, the number of test images.

    Returns:
        Boolean: whether the accuracy is more than three standard deviations above that
        of a network that knows the largest class alone.

    Example:

    >>> learned(0.51, 0.5, 1_000), learned(0.6, 0.5, 1_000)
    (False, True)
    """
    deviation = math.sqrt(largest * (1 - largest) / count)
    return accuracy > largest + BEYOND_CHANCE * deviation
