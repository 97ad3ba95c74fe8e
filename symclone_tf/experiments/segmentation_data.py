"""The images and masks of a segmentation, as its U-Net takes them."""

import math
from collections.abc import Iterator
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.data.segmented import SegmentedImages
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import MEASURED
from symclone_tf.experiments.training_recipes import TRAINING_RECIPES
from symclone_tf.symmetry import get_group
from symclone_tf.types import Array, Tensor

# Where transformations interpolate: the share of a pixel that must be of the image.
WHOLE = 0.999


class SegmentationImages:
    """The images and masks of a segmentation.

    Args:
        experiment: `Segmentation`, complete.
        images: `SegmentedImages`.

    Attributes:
        channels: Integer.
        class_names: List of strings.
        train: `tf.data.Dataset` of batches of images, labels and weights, augmented as
            the experiment says.
        held_out: Likewise, of the training images that the recipe holds out; `None` if
            none.
        test: Likewise, of test images.
        measured: Array, a few test images to measure equivariance errors on.
    """

    def __init__(self, experiment: Experiment, images: SegmentedImages) -> None:
        def batches(split: str, size: int | None, **options: Any) -> tf.data.Dataset:
            return images.batches(
                split,
                experiment.batch_size,
                size,
                experiment.canvas,
                experiment.seed,
                **options,
            )

        self.channels = images.channels
        self.class_names = list(images.class_names)
        total = cast(int, experiment.train_size)  # complete
        held_out = TRAINING_RECIPES[experiment.recipe].held_out(total)
        self.train = batches("train", total - held_out)
        if experiment.augment:
            self.train = augmented(self.train, experiment.augment, experiment.seed)
        self.held_out = None
        if held_out:
            self.held_out = batches("train", held_out, first=total - held_out)
        self.test = batches("test", experiment.test_size)
        self.measured = next(iter(self.test))[0].numpy()[:MEASURED]


def augmented(train: tf.data.Dataset, augment: str, seed: int) -> tf.data.Dataset:
    """Batches whose images and masks are transformed at random, anew in every epoch.

    Args:
        train: `tf.data.Dataset` of batches of images, labels and weights.
        augment: String, `"flip"`, `"rotation"`, or both, separated by a comma.
        seed: Integer. With the order of an interrupted training, transformations
            continue as well.

    Returns:
        `tf.data.Dataset` of the same.
    """
    names = augment.split(",")
    # Its iterators differ as those of `shuffle` do, by how many there were before.
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)

    def transformed(batch: tuple[Tensor, ...], drawn: Tensor) -> tuple[Tensor, ...]:
        images, labels, there = batch
        # As of RandomFlip and RandomRotation, which draw from a state of their own.
        matrices = _random_matrices(tf.shape(images)[0], images.shape[1], names, drawn)
        planes = tf.stack([tf.cast(labels, tf.float32), there], -1)
        moved = keras.ops.image.affine_transform(
            planes, matrices, "nearest", "reflect", data_format="channels_last"
        )
        images = keras.ops.image.affine_transform(
            images, matrices, "bilinear", "reflect", data_format="channels_last"
        )
        return images, tf.cast(tf.round(moved[..., 0]), tf.int32), moved[..., 1]

    found = tf.data.Dataset.zip(train, seeds)
    return found.map(transformed, num_parallel_calls=tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )


def _random_matrices(
    count: Tensor, size: int, names: list[str], seed: Tensor
) -> Tensor:
    """Eight numbers for each image: where the pixels of its outputs come from."""
    drawn = tf.random.stateless_uniform((2, count), seed)
    angles = 2 * math.pi * drawn[0] if "rotation" in names else tf.zeros((count,))
    flipped = (drawn[1] < 0.5) & ("flip" in names)
    signs = tf.where(flipped, -1.0, 1.0)
    cos, sin = tf.cos(angles), tf.sin(angles)
    middle = (size - 1) / 2
    rows = [signs * cos, -signs * sin, sin, cos]
    offsets = [middle - middle * (a + b) for a, b in (rows[:2], rows[2:])]
    zeros = tf.zeros((count,))
    return tf.stack([*rows[:2], offsets[0], *rows[2:], offsets[1], zeros, zeros], -1)


def transformed_batches(
    batches: tf.data.Dataset, group: str, classes: int, seed: int
) -> Iterator[tuple[Array, Array, Array]]:
    """Batches, each image of which a random element of a group transforms.

    Args:
        batches: `tf.data.Dataset` of batches of images, labels and weights.
        group: String. Under T(2) images stay as they are.
        classes: Integer.
        seed: Integer, of the elements.

    Yields:
        Triples of arrays. Where elements interpolate, labels are those of the largest
        share of a pixel, and pixels that are not whole have no weight.
    """
    whole = get_group(group)
    rng = np.random.default_rng([seed, 1])
    for batch in batches.as_numpy_iterator():
        images, labels, there = (each.copy() for each in batch)
        elements = rng.integers(whole.order, size=len(images))
        for element in np.unique(elements):
            mine = elements == element
            images[mine] = whole.transform(images[mine], element)
            shares = np.eye(classes, dtype="float32")[labels[mine]]
            labels[mine] = whole.transform(shares, element).argmax(-1)
            moved = whole.transform(there[mine][..., None], element)[..., 0]
            there[mine] = moved > WHOLE
        yield images, labels, there
