"""One run of a probe: a network, trained on few images until it stops improving."""

import dataclasses
import functools
import math
import time

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.errors import CloningError
from symclone_tf.networks import layer_errors

RATE = 1e-3
# Draws the test images, which are the same for all seeds, however many.
TEST_SEED = 5
EVALUATED = 250
# How many test images the equivariance errors are measured on.
WATCHED = 16
# Of all epochs, how many without improvement end a training.
PATIENCE = 0.25


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of one network.

    Attributes:
        group: String, of its `Candidate`.
        kind: String, of its `Candidate`.
        seed: Integer, of its weights and of the images that it saw.
        train_size: Integer, how many images it trained on.
        accuracy: Float, on test images.
        loss: Float, on test images.
        chance: Float, the share of their most frequent class.
        epochs: Integer, until it was stopped.
        parameters: Integer, its trainable weights.
        seconds: Float.
        errors: Dictionary from convolutions to equivariance errors, of the group,
            after training.

    Example:

    >>> errors = {"conv_1": 2e-7, "conv_2": 3e-7, "conv_3": 4e-7, "conv_4": 2e-7}
    >>> done = Run("c4", "assumed", 0, 600, 0.93, 0.2, 0.5, 31, 26502, 9.8, errors)
    >>> done.accuracy > done.chance  # it has learned something
    True
    >>> max(done.errors.values()) < 1e-5  # and kept the symmetry
    True
    """

    group: str
    kind: str
    seed: int
    train_size: int
    accuracy: float
    loss: float
    chance: float
    epochs: int
    parameters: int
    seconds: float
    errors: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Sample:
    """The images of one seed, which all its networks see.

    Attributes:
        train, validation, test: Pairs of uint8 images and integer labels.
    """

    train: tuple
    validation: tuple
    test: tuple

    @property
    def chance(self) -> float:
        """The share of the most frequent class of what is tested on."""
        return float(np.bincount(self.test[1]).max() / len(self.test[1]))

    def few(self, count) -> "Sample":
        """The same with fewer images to train on."""
        x, y = self.train
        return dataclasses.replace(self, train=(x[:count], y[:count]))

    def normalized(self, images):
        """Images whose channels have mean 0 and variance 1 in the training.

        Without, networks may need hundreds of steps to find that they are of images
        that are bright all over.

        Args:
            images: uint8 array or tensor, `(batch, size, size, channels)`.
        """
        mean, spread = self._pixels
        return (tf.cast(images, tf.float32) - mean) / spread

    @functools.cached_property
    def _pixels(self):
        """Mean and standard deviation of each channel, of at least a level."""
        x, _ = self.train
        mean, spread = (f(x, (0, 1, 2)).astype("float32") for f in (np.mean, np.std))
        return mean, np.maximum(spread, 1.0)

    def batches(self, part, batch, seed=None) -> tf.data.Dataset:
        """Normalised images and labels.

        Args:
            part: String, `"train"`, `"validation"` or `"test"`.
            batch: Integer.
            seed: Integer, of another order in each epoch; `None` for one order.
        """
        x, y = getattr(self, part)
        found = tf.data.Dataset.from_tensor_slices((x, y))
        if seed is not None:
            found = found.shuffle(len(x), seed=seed)
        scaled = found.batch(batch).map(lambda x, y: (self.normalized(x), y))
        return scaled.prefetch(tf.data.AUTOTUNE)


def draw_samples(images, plan, seeds) -> list[Sample]:
    """Draws the images of each seed, in one pass over all.

    Args:
        images: `Images`.
        plan: `Plan`.
        seeds: Integer.

    Returns:
        List of `Sample`, all with the same test images.
    """
    size = plan.train_size + plan.validation_size
    chosen = [
        np.random.default_rng(seed).permutation(images.counts["train"])[:size]
        for seed in range(seeds)
    ]
    kept = _picked(images, "train", np.unique(np.concatenate(chosen)))
    order = np.random.default_rng(TEST_SEED).permutation(images.counts["test"])
    indices = np.sort(order[: plan.test_size])
    test = _stacked(_picked(images, "test", indices), indices)
    return [
        Sample(
            _stacked(kept, indices[: plan.train_size]),
            _stacked(kept, indices[plan.train_size :]),
            test,
        )
        for indices in chosen
    ]


def _picked(images, split, indices) -> dict:
    wanted, found = set(indices.tolist()), {}
    stream = images.stream(split, int(indices.max()) + 1)
    for index, (image, label) in enumerate(stream.as_numpy_iterator()):
        if index in wanted:
            found[index] = image, label
    return found


def _stacked(found, indices):
    x, y = zip(*(found[index] for index in indices.tolist()))
    return np.stack(x), np.array(y, "int64")


def compiled(model) -> keras.Model:
    """A network, ready to be trained as all are."""
    model.compile(
        keras.optimizers.AdamW(RATE),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # On CPUs XLA slows down all but the largest trained students.
        jit_compile=bool(tf.config.list_physical_devices("GPU")),
    )
    return model


def fit(model, sample, batch, epochs, seed=0, callbacks=()) -> int:
    """Trains a network, and returns after how many epochs it stopped.

    Args:
        model: `keras.Model`, compiled.
        sample: `Sample`, by whose validation part the training stops; the best
            weights are kept.
        batch: Integer.
        epochs: Integer, at most.
        seed: Integer, of the order.
        callbacks: Iterable of Keras callbacks.
    """
    stopping = keras.callbacks.EarlyStopping(
        "val_loss",
        patience=max(2, math.ceil(PATIENCE * epochs)),
        restore_best_weights=True,
    )
    history = model.fit(
        sample.batches("train", batch, seed),
        epochs=epochs,
        validation_data=sample.batches("validation", EVALUATED),
        callbacks=[stopping, keras.callbacks.TerminateOnNaN(), *callbacks],
        shuffle=False,  # the data set shuffles itself
        verbose=0,
    )
    return len(history.epoch)


def run(candidate, images, sample, plan, seed, workspace, batch, callbacks=()) -> Run:
    """Trains one network, and tests it.

    Args:
        candidate: `Candidate`.
        images: `Images`.
        sample: `Sample`, as many of whose images as there are to train on.
        plan: `Plan`. With fewer images than it says, there are as many more epochs.
        seed: Integer.
        workspace: `Workspace`.
        batch: Integer.
        callbacks: Iterable of Keras callbacks.

    Returns:
        `Run`.

    Raises:
        CloningError: If the training ends in numbers that are not finite.
    """
    began = time.perf_counter()
    model = compiled(candidate.network(images, workspace.silent, seed))
    count = len(sample.train[0])
    # Few images are seen as often more, so that no network lacks steps.
    epochs = round(plan.epochs * plan.train_size / count)
    done = fit(model, sample, batch, epochs, seed, callbacks)
    loss, accuracy = model.evaluate(sample.batches("test", EVALUATED), verbose=0)
    if not np.isfinite(loss):
        raise CloningError(f"{candidate.title}, seed {seed}: the loss became {loss}")
    watched = sample.normalized(sample.test[0][:WATCHED]).numpy()
    return Run(
        candidate.group,
        candidate.kind,
        seed,
        count,
        accuracy,
        loss,
        sample.chance,
        done,
        sum(math.prod(weight.shape) for weight in model.trainable_weights),
        round(time.perf_counter() - began, 2),
        {n: float(e) for n, e in layer_errors(model, watched, candidate.group).items()},
    )
