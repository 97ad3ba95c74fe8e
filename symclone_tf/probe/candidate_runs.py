"""One run of a probe: a network, trained on a few images until it stops improving."""

import dataclasses
import functools
import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.backends import backend
from symclone_tf.data.images import Images
from symclone_tf.errors import CloningError
from symclone_tf.networks import layer_errors
from symclone_tf.networks.comparison import has_finite_weights
from symclone_tf.probe.candidates import Candidate
from symclone_tf.types import Array, Tensor
from symclone_tf.workspace import Workspace

if TYPE_CHECKING:
    from symclone_tf.probe.plans import Plan

RATE = 1e-3
# Of the test images, which are the same for all seeds.
TEST_SEED = 5
# How many images are evaluated at once.
EVALUATED = 250
# How many test images the equivariance errors are measured on.
MEASURED = 16
# The share of all epochs after which training without improvement ends.
PATIENCE = 0.25


@dataclasses.dataclass(frozen=True)
class Run:
    """The result of one network.

    Attributes:
        group: String, of the network's `Candidate`.
        kind: String, of the network's `Candidate`.
        seed: Integer, of the weights and of the choice of images.
        train_size: Integer, the number of training images.
        accuracy: Float, on test images.
        loss: Float, on test images.
        chance: Float, the share of the most frequent class of the test images.
        epochs: Integer, after which training stopped.
        parameters: Integer, the number of trainable weights.
        seconds: Float.
        errors: Dictionary from convolutions to equivariance errors under the group,
            after training.

    Example:

    >>> errors = {"conv_1": 2e-7, "conv_2": 3e-7, "conv_3": 4e-7, "conv_4": 2e-7}
    >>> done = Run("c4", "assumed", 0, 600, 0.93, 0.2, 0.5, 31, 26502, 9.8, errors)
    >>> done.accuracy > done.chance  # it has learned something
    True
    >>> max(done.errors.values()) < 1e-5  # and preserved equivariance
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
    """The images of one seed, the same for all networks.

    Attributes:
        train, validation, test: Pairs of images, of bytes or from 0 to 1, and of
            integer labels.
    """

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    test: tuple[Array, Array]

    @property
    def chance(self) -> float:
        """The share of the most frequent class of the test images."""
        return float(np.bincount(self.test[1]).max() / len(self.test[1]))

    def few(self, count: int) -> "Sample":
        """Returns the sample with fewer training images."""
        x, y = self.train
        return dataclasses.replace(self, train=(x[:count], y[:count]))

    def normalized(self, images: Tensor) -> Tensor:
        """Normalises images by the training images, whose channels get N(0, 1).

        Otherwise networks may need hundreds of steps on images that are bright all
        over.

        Args:
            images: Array or tensor of the same type, `(batch, size, size, channels)`.

        Returns:
            float32 tensor of the same shape.
        """
        mean, spread = self._pixels
        return (tf.cast(images, tf.float32) - mean) / spread

    @functools.cached_property
    def _pixels(self) -> tuple[Array, Array]:
        """Mean and standard deviation, at least 1 of 255, of each channel."""
        x, _ = self.train
        mean, spread = (
            f(x, (0, 1, 2), dtype="float64").astype("float32")
            for f in (np.mean, np.std)
        )
        return mean, np.maximum(spread, 1.0 if x.dtype == np.uint8 else 1 / 255)

    def batches(
        self, part: str, batch: int, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches of normalised images and labels.

        Args:
            part: String, `"train"`, `"validation"` or `"test"`.
            batch: Integer.
            seed: Integer, of another order in each epoch; `None` for one order.

        Returns:
            `tf.data.Dataset` of pairs `(images, labels)`.
        """
        x, y = getattr(self, part)
        found = tf.data.Dataset.from_tensor_slices((x, y))
        if seed is not None:
            found = found.shuffle(len(x), seed=seed)
        scaled = found.batch(batch).map(lambda x, y: (self.normalized(x), y))
        return scaled.prefetch(tf.data.AUTOTUNE)


def draw_samples(images: Images, plan: "Plan", seeds: int) -> list[Sample]:
    """Draws the images of each seed, in one pass over all images.

    Args:
        images: `Images`.
        plan: `Plan`.
        seeds: Integer, the number of seeds.

    Returns:
        List of `Sample`, all with the same test images.
    """
    size = plan.train_size + plan.validation_size
    chosen = [
        np.random.default_rng(seed).permutation(images.counts["train"])[:size]
        for seed in range(seeds)
    ]
    found = _picked(images, "train", np.unique(np.concatenate(chosen)))
    order = np.random.default_rng(TEST_SEED).permutation(images.counts["test"])
    indices = np.sort(order[: plan.test_size])
    test = _stacked(_picked(images, "test", indices), indices)
    return [
        Sample(
            _stacked(found, indices[: plan.train_size]),
            _stacked(found, indices[plan.train_size :]),
            test,
        )
        for indices in chosen
    ]


def _picked(images: Images, split: str, indices: Array) -> dict[int, tuple]:
    wanted, found = set(indices.tolist()), {}
    stream = images.stream(split, int(indices.max()) + 1)
    for index, (image, label) in enumerate(stream.as_numpy_iterator()):
        if index in wanted:
            found[index] = image, label
    return found


def _stacked(found: dict[int, tuple], indices: Array) -> tuple[Array, Array]:
    x, y = zip(*(found[index] for index in indices.tolist()))
    return np.stack(x), np.array(y, "int64")


def compiled(model: keras.Model) -> keras.Model:
    """Compiles a network, all in the same way, and returns it."""
    model.compile(
        keras.optimizers.AdamW(RATE),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # On CPUs XLA slows down all but the largest trained students.
        jit_compile=backend().compiles_steps(),
    )
    return model


def fit(
    model: keras.Model,
    sample: Sample,
    batch: int,
    epochs: int,
    seed: int = 0,
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> int:
    """Trains a network until it stops improving, and keeps the best weights.

    Args:
        model: `keras.Model`, compiled.
        sample: `Sample`, whose validation loss stops the training.
        batch: Integer.
        epochs: Integer, at most.
        seed: Integer, of the order.
        callbacks: Iterable of Keras callbacks.

    Returns:
        Integer, after how many epochs the training stopped.
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


def run(
    candidate: Candidate,
    images: Images,
    sample: Sample,
    plan: "Plan",
    seed: int,
    workspace: Workspace,
    batch: int,
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> Run:
    """Trains one network, and tests it.

    Args:
        candidate: `Candidate`.
        images: `Images`.
        sample: `Sample`, of which all training images are used.
        plan: `Plan`. With fewer images than planned there are more epochs.
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
    # So that all networks are trained for as many steps.
    epochs = round(plan.epochs * plan.train_size / count)
    trained = fit(model, sample, batch, epochs, seed, callbacks)
    loss, accuracy = model.evaluate(sample.batches("test", EVALUATED), verbose=0)
    if not np.isfinite(loss) or not has_finite_weights(model):
        raise CloningError(
            f"{candidate.title}, seed {seed}: weights or the loss, {loss}, are not "
            "finite"
        )
    measured = sample.normalized(sample.test[0][:MEASURED]).numpy()
    errors = layer_errors(model, measured, candidate.group)
    return Run(
        candidate.group,
        candidate.kind,
        seed,
        count,
        accuracy,
        loss,
        sample.chance,
        trained,
        sum(math.prod(weight.shape) for weight in model.trainable_weights),
        round(time.perf_counter() - began, 2),
        {name: float(error) for name, error in errors.items()},
    )
