"""The images, the network of them, and the group that it is to be invariant under."""

import dataclasses
from collections.abc import Callable

import numpy as np

import symclone_tf as sc
from benchmarks.any_angle import data as any_angle
from benchmarks.any_angle.networks import AVERAGE, CONV, MAXIMUM, Network
from benchmarks.tasks import digits


@dataclasses.dataclass(frozen=True)
class Data:
    """What a network is trained on, and then gets a symmetry of.

    Attributes:
        title: String.
        group: String.
        images: Integer, how many are trained on.
        epochs: Integer, before the network gets a symmetry.
        read: Callable that returns pairs of arrays, to train and to test on.
        make: Callable of a seed that returns the network.
    """

    title: str
    group: str
    images: int
    epochs: int
    read: Callable
    make: Callable

    def train(self, seed) -> tuple:
        """Images to train on: the first ones, but of few others with each seed."""
        (x, y), _ = self.read()
        if self.images < len(x):
            chosen = np.random.default_rng(seed).permutation(len(x))[: self.images]
            return x[chosen], y[chosen]
        return x, y


def upright() -> tuple:
    """Digits as they are."""
    (x, y), (tested, labels) = digits("train", 10_000), digits("test")
    return (x[..., None], y), (tested[..., None], labels)


def of_digits(classes):
    """A CNN of about 19,000 weights."""
    return lambda seed: sc.experiments.image_network(
        "cnn", "c4", classes, 28, seed=seed, width=1.6
    )


def breaking() -> tuple:
    """Digits turned by a random multiple of 90°, whose label says whether by 180° or
    more."""
    pairs = [
        sc.experiments.mnist_task(
            "breaking", "c4", split, size=size, seed=0, batch_size=500
        )
        for split, size in (("train", 10_000), ("test", None))
    ]
    arrays = []
    for task in pairs:
        images, labels = zip(*task.as_numpy_iterator())
        arrays.append((np.concatenate(images), np.concatenate(labels)))
    return tuple(arrays)


def of_images(classes, pooling):
    """The CNN of the comparison of groups."""
    plain = Network("CNN", CONV)
    return lambda seed: plain.make((32, 32, 3), classes, seed, pooling)


DATA = {
    data.title: data
    for data in (
        Data("MNIST", "c4", 10_000, 6, upright, of_digits(10)),
        Data("MNIST, breaking", "c4", 10_000, 6, breaking, of_digits(20)),
        Data("cells, 900", "d4", 900, 40, any_angle.cells, of_images(2, MAXIMUM)),
        Data("cells, 900, C8", "c8", 900, 40, any_angle.cells, of_images(2, MAXIMUM)),
        Data("cells, 8,000", "d4", 8_000, 8, any_angle.cells, of_images(2, MAXIMUM)),
        Data(
            "cells, 8,000, C8",
            "c8",
            8_000,
            8,
            any_angle.cells,
            of_images(2, MAXIMUM),
        ),
        Data(
            "CIFAR-10",
            "flip",
            10_000,
            10,
            any_angle.photographs,
            of_images(10, AVERAGE),
        ),
    )
}
