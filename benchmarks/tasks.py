"""Tasks whose symmetry holds only roughly, made from MNIST."""

import functools

import numpy as np
import tensorflow as tf

import symclone_tf as sc

CANVAS, SIZE = 56, 32
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
        moved=False,
        batch_size=512,
        data_dir=data_dir,
    )
    images, labels = zip(*task.as_numpy_iterator())
    return np.concatenate(images)[..., 0], np.concatenate(labels)


def quadrants(split, size=None, asks="digit", seed=0, data_dir=None):
    """Digits in a random quadrant of 56×56 pixels, resized to 32×32.

    *Digit* asks for the digit, wherever it is, and *Quadrant* for the digit and
    where it is.

    Args:
        split: String, `"train"` or `"test"`.
        size: Integer, how many; `None` for all.
        asks: String, `"digit"` for 10 labels, `"quadrant"` for 40.
        seed: Integer, of the quadrants.
        data_dir: String or path, see `mnist_task`.

    Returns:
        Pair of arrays, images `(count, 32, 32, 1)`, and labels: the digit, or ten
        times the quadrant, counted row by row, and the digit.

    Reference:

    - [van der Ouderaa et al., 2023](https://arxiv.org/abs/2310.06131)
    """
    images, labels = digits(split, size, data_dir)
    rng = np.random.default_rng([seed, split == "test"])
    where = rng.integers(4, size=len(images))
    half = CANVAS // 2
    canvas = np.zeros((len(images), 2, half, 2, half), "float32")
    canvas[np.arange(len(images)), where // 2, :, where % 2] = images
    canvas = canvas.reshape(-1, CANVAS, CANVAS, 1)
    small = tf.image.resize(canvas, (SIZE, SIZE), "bilinear", antialias=True)
    asked = {"digit": labels, "quadrant": 10 * where + labels}
    return np.asarray(small), asked[asks]


def sixes(split, against="turned", data_dir=None):
    """Sixes against sixes turned by half a turn, or against their mirror images.

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
    move = {"turned": np.s_[:, ::-1, ::-1], "mirrored": np.s_[:, :, ::-1]}[against]
    images[1::2] = images[1::2][move]
    return images[..., None], np.arange(len(images)) % 2
