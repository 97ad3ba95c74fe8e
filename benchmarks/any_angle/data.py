"""The images that networks of groups of reflections and rotations are compared on."""

import os
import pathlib

import numpy as np
import tensorflow as tf

from benchmarks.relax_time.data import images
from benchmarks.tasks import digits
from symclone_tf.experiments.image_rotations import rotated

# Of the angles of the digits, the same for all networks and seeds.
ANGLES_SEED = 2024
# As many as in the data set of Larochelle et al., 2007: of MNIST's 60,000 images to
# train on, the first are trained on, the others are tested on beside all test images.
DIGITS_TRAINED, DIGITS_TESTED = 12_000, 50_000


def rotated_digits(data_dir=None) -> tuple:
    """MNIST's digits, each rotated once, by any angle.

    Args:
        data_dir: String or path, see `mnist_task`.

    Returns:
        Pairs of arrays, images `(count, 28, 28, 1)` from 0 to 1 and labels: 12,000 to
        train on, and 50,000 to test on.

    Reference:

    - [Larochelle et al., 2007](https://doi.org/10.1145/1273496.1273556): the protocol;
      these are other angles, and another choice of digits
    """
    parts = [digits(split, data_dir=data_dir) for split in ("train", "test")]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts))
    turns = np.random.default_rng(ANGLES_SEED).uniform(size=len(x))
    # From the last ones: all of the test split, and those before it.
    chosen = np.r_[:DIGITS_TRAINED, len(x) - DIGITS_TESTED : len(x)]
    pairs = tf.data.Dataset.from_tensor_slices((x[chosen, ..., None], turns[chosen]))
    turned = pairs.map(rotated, tf.data.AUTOTUNE).batch(1000)
    x, y = np.concatenate(list(turned.as_numpy_iterator())), y[chosen]
    return (x[:DIGITS_TRAINED], y[:DIGITS_TRAINED]), (
        x[DIGITS_TRAINED:],
        y[DIGITS_TRAINED:],
    )


def cells() -> tuple:
    """Blood cells with and without parasites, 32×32 pixels.

    Returns:
        Pairs of arrays, to train and to test on. Without `malaria.npz` in the folder
        `SYMCLONE_TF_DATA`, TFDS's `malaria` is scaled to the same size, and split
        alike in number.

    Reference:

    - [Rajaraman et al., 2018](https://doi.org/10.7717/peerj.4568)
    """
    folder = os.environ.get("SYMCLONE_TF_DATA")
    file = folder and pathlib.Path(folder, "malaria.npz")
    if file and file.exists():
        return images("malaria", "train"), images("malaria", "test")
    import tensorflow_datasets as tfds

    whole = tfds.load("malaria", split="train", as_supervised=True)
    small = whole.map(lambda x, y: (tf.image.resize(x, (32, 32), antialias=True), y))
    x, y = next(small.take(12_000).batch(12_000).as_numpy_iterator())
    x = (x / 255).astype("float32")
    return (x[:8000], y[:8000]), (x[8000:], y[8000:])


def photographs() -> tuple:
    """CIFAR-10, 10,000 images to train on.

    Returns:
        Pairs of arrays, to train and to test on.
    """
    return images("cifar10", "train", 10_000), images("cifar10", "test")
