"""What is compared on which images, and how long networks are trained."""

import dataclasses
from collections.abc import Callable

from benchmarks.any_angle import data
from benchmarks.any_angle.layout import DIGITS_EPOCHS
from benchmarks.any_angle.networks import (
    ALL_ANCHORED,
    ANCHORED,
    AVERAGE,
    CONV,
    FROZEN,
    MAXIMUM,
    Network,
    clones,
    of_groups,
    random_flip,
    random_mirror,
    random_rotation,
)

CNN = Network("CNN", CONV)
CNN_FLIPPED_ROTATED = Network(
    "CNN, RandomFlip, RandomRotation", CONV, None, (random_flip, random_rotation)
)


@dataclasses.dataclass(frozen=True)
class Study:
    """Networks that are trained alike on the same images.

    Attributes:
        data: String.
        read: Callable that returns pairs of arrays, to train and to test on.
        classes: Integer.
        epochs: Dictionary from numbers of images to train on to epochs.
        networks: List of `Network`.
        pooling: String, `AVERAGE`; or `MAXIMUM` where a small part of an image decides,
            as a parasite in a cell.
    """

    data: str
    read: Callable
    classes: int
    epochs: dict[int, int]
    networks: list[Network]
    pooling: str = AVERAGE


STUDIES = {
    study.data: study
    for study in (
        Study(
            "rotated MNIST",
            data.rotated_digits,
            10,
            {12_000: DIGITS_EPOCHS},
            [
                CNN,
                Network("CNN, RandomRotation", CONV, None, (random_rotation,)),
                *of_groups("c4", "c8", "c16", "d8"),
                *clones("c8", FROZEN, ANCHORED),
            ],
        ),
        Study(
            "cells",
            data.cells,
            2,
            {120: 150, 900: 40, 8_000: 10},
            [CNN, CNN_FLIPPED_ROTATED, *of_groups("c4", "c8", "d4", "d8")],
            MAXIMUM,
        ),
        Study(
            "CIFAR-10",
            data.photographs,
            10,
            {10_000: 15},
            [
                CNN,
                Network("CNN, RandomFlip", CONV, None, (random_mirror,)),
                *of_groups("flip"),
                *clones("flip", FROZEN, ANCHORED, ALL_ANCHORED),
            ],
        ),
    )
}
