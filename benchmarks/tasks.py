"""Tasks whose symmetry holds only approximately: digits, and smoke."""

import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

import symclone_tf as sc
from benchmarks import plumes
from symclone_tf.experiments.network_layouts import network_teachers

CANVAS, SIZE = 56, 32
# How many digits MNIST has to train on, and how many of them choices are made by.
DIGITS, VALIDATED = 60_000, 5_000
SIX = 6


@functools.lru_cache(maxsize=4)
def digits(split, size=None, data_dir=None):
    """MNIST's digits as they are.

    Args:
        split: String, `"train"` or `"test"`.
        size: Integer, how many; `None` for all.
        data_dir: String or path, see `mnist_task`.

    Returns:
        Pair of arrays, images `(count, 28, 28)` from 0 to 1, and labels.
    """
    task = sc.experiments.mnist_task(
        "invariance",
        "c4",
        split,
        size=size,
        transformed=False,
        batch_size=512,
        data_dir=data_dir,
    )
    images, labels = zip(*task.as_numpy_iterator())
    return np.concatenate(images)[..., 0], np.concatenate(labels)


def quadrants(split, size=None, labels="digit", seed=0, data_dir=None):
    """Digits in a random quadrant of 56×56 pixels, resized to 32×32.

    The labels are the digit, in any quadrant, or the digit and its quadrant.

    Args:
        split: String, `"train"` or `"test"`.
        size: Integer, how many; `None` for all.
        labels: String, `"digit"` for 10 labels, `"quadrant"` for 40.
        seed: Integer, of the quadrants.
        data_dir: String or path, see `mnist_task`.

    Returns:
        Pair of arrays, images `(count, 32, 32, 1)`, and labels: the digit, or ten
        times the quadrant, counted row by row, and the digit.

    Reference:

    - [van der Ouderaa et al., 2023](https://arxiv.org/abs/2310.06131)
    """
    images, classes = digits(split, size, data_dir)
    rng = np.random.default_rng([seed, split == "test"])
    where = rng.integers(4, size=len(images))
    half = CANVAS // 2
    canvas = np.zeros((len(images), 2, half, 2, half), "float32")
    canvas[np.arange(len(images)), where // 2, :, where % 2] = images
    canvas = canvas.reshape(-1, CANVAS, CANVAS, 1)
    small = tf.image.resize(canvas, (SIZE, SIZE), "bilinear", antialias=True)
    kinds = {"digit": classes, "quadrant": 10 * where + classes}
    return np.asarray(small), kinds[labels]


def sixes(split, against="turned", data_dir=None):
    """Sixes against sixes rotated by 180°, or against reflected sixes.

    A network that is invariant under these gets half of them right.

    Args:
        split: String, `"train"` or `"test"`.
        against: String, `"turned"` (MNIST6-180) or `"mirrored"` (MNIST6-M).
        data_dir: String or path, see `mnist_task`.

    Returns:
        Pair of arrays, images `(count, 28, 28, 1)` and labels: 0 for sixes as they
        are, 1 for the others, every second one.

    Reference:

    - [Romero & Lohit, 2022](https://arxiv.org/abs/2110.10211)
    """
    images, labels = digits(split, data_dir=data_dir)
    images = images[labels == SIX].copy()
    index = {"turned": np.s_[:, ::-1, ::-1], "mirrored": np.s_[:, :, ::-1]}[against]
    images[1::2] = images[1::2][index]
    return images[..., None], np.arange(len(images)) % 2


@dataclasses.dataclass(frozen=True)
class Task:
    """What networks are trained on and compared by.

    Attributes:
        name: String.
        group: String, whose symmetry holds only approximately.
        canvas: Integer, pixels of each side of the images.
        classes: Integer, of digits; `None` for smoke, of which a later frame is
            predicted.
    """

    name: str
    group: str
    canvas: int
    classes: int | None

    @property
    def teachers(self) -> list:
        """The convolutions of the task's network."""
        if self.classes:
            return network_teachers(self.group, self.canvas)
        sizes = [self.canvas + 2 * (DEPTH - index) for index in range(DEPTH)]
        return [
            sc.ConvTeacher(self.group, size, lifting=index == 0)
            for index, size in enumerate(sizes)
        ]

    def network(self, architecture, seed) -> keras.Model:
        """The task's network, not yet trained.

        Args:
            architecture: See `image_network`.
            seed: Integer.
        """
        if not self.classes:
            return plume_network(architecture, self.group, self.canvas, seed)
        return sc.experiments.image_network(
            architecture, self.group, self.classes, self.canvas, seed=seed
        )

    def data(self, split, size, seed, **options) -> tf.data.Dataset:
        """Batches of 64 digits or 16 frames, shuffled in training.

        Args:
            split: String, `"train"` or `"test"`.
            size: Integer, how many; `None` for all.
            seed: Integer.
            **options: Of `mnist_task`, for *invariance* and *breaking*.
        """
        if self.name in sc.experiments.TASKS:
            return sc.experiments.mnist_task(
                self.name, self.group, split, size=size, seed=seed, **options
            )
        arrays = self._arrays(split, size, seed)
        data = tf.data.Dataset.from_tensor_slices(tuple(arrays))
        if split == "train":
            data = data.shuffle(len(arrays[0]), seed=seed)
        return data.batch(64 if self.classes else 16)

    def validation(self, trained, seed) -> tf.data.Dataset | None:
        """Digits that are not trained on, to choose by, transformed as in tests.

        Args:
            trained: Integer, how many are trained on.
            seed: Integer.

        Returns:
            `tf.data.Dataset`; `None` for other tasks, and where no digits are left.
        """
        if self.name not in sc.experiments.TASKS or trained + VALIDATED > DIGITS:
            return None
        return sc.experiments.image_task(
            sc.data.open_images("mnist"),
            self.name,
            self.group,
            "train",
            VALIDATED,
            transformed=True,
            # Of other elements of the group than those of training.
            seed=seed + 1000,
            first=trained,
        )

    def _arrays(self, split, size, seed):
        kind, _, which = self.name.partition(" ")
        if kind == "plumes":
            # Other sources than in training.
            smoke = plumes.rung(int(which), seed=[0, split == "test"])
            return list(plumes.steps(smoke, AHEAD))
        if kind == "sixes":
            return sixes(split, which)
        return quadrants(split, size, kind, seed)


TASKS = {
    task.name: task
    for task in (
        Task("invariance", "c4", 28, 10),
        Task("breaking", "c4", 28, 20),
        Task("digit", "t2", SIZE, 10),
        Task("quadrant", "t2", SIZE, 40),
        Task("sixes turned", "c4", 28, 2),
        Task("sixes mirrored", "d4", 28, 2),
        *(
            Task(f"plumes {rung}", "c4", plumes.SIZE, None)
            for rung in range(plumes.RUNGS)
        ),
    )
}
# Of the network for smoke: convolutions, their filters, how many frames it predicts
# ahead, and the size of changes in between.
DEPTH, FILTERS, AHEAD, CHANGE = 3, 8, 4, 0.02


class Wrapped(layers.Layer):
    """Periodic padding of images.

    Args:
        border: Integer, pixels on each side.
        **kwargs: Of `keras.layers.Layer`.
    """

    def __init__(self, border, **kwargs):
        super().__init__(**kwargs)
        self.border = border

    def call(self, inputs):
        for axis in (1, 2):
            last = inputs.shape[axis] - self.border
            before = ops.split(inputs, [last], axis)[1]
            after = ops.split(inputs, [self.border], axis)[0]
            inputs = ops.concatenate([before, inputs, after], axis)
        return inputs

    def get_config(self):
        return {**super().get_config(), "border": self.border}


def plume_network(architecture, group, canvas, seed) -> keras.Model:
    """Predicts a later frame of smoke from one: what changes in between.

    Args:
        architecture: String, `"cnn"` or `"gcnn"`, or a callable, see
            `image_network`.
        group: String.
        canvas: Integer, pixels of each side.
        seed: Integer, of the initial weights.

    Returns:
        `keras.Model`, from `(batch, canvas, canvas, 1)` to the same shape; with group
        convolutions it is equivariant.
    """
    make = {"gcnn": sc.GroupConv2D}.get(architecture, architecture)
    seeds = iter(np.random.SeedSequence(seed).generate_state(DEPTH + 1).tolist())
    frames = keras.Input((canvas, canvas, 1))
    x = Wrapped(DEPTH)(frames)
    for index in range(DEPTH):
        options = {
            "activation": "relu",
            "kernel_initializer": keras.initializers.HeNormal(next(seeds)),
            "name": f"conv_{index + 1}",
        }
        if architecture == "cnn":
            x = layers.Conv2D(FILTERS, 3, **options)(x)
        else:
            x = make(FILTERS, 3, group, **options)(x)
    if architecture != "cnn":
        x = sc.layers.GroupPooling()(x)
    change = layers.Dense(
        1, kernel_initializer=keras.initializers.GlorotUniform(next(seeds))
    )(x)
    return keras.Model(frames, frames + CHANGE * change)
