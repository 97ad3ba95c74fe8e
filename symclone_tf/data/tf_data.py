"""Labelled images in a `tf.data.Dataset`, read where they are."""

import dataclasses
import functools
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.sources import (
    SPLITS,
    Found,
    Reading,
    Source,
    one_line,
)
from symclone_tf.errors import DataError

NAME = "tf.data.Dataset"
# By how many of the first images two passes are compared.
COMPARED = 64
# Axes of an image, without and with its channels.
GRAY, COLOUR = 2, 3


@Source.register("tf.data")
class DatasetSource(Source):
    """A `tf.data.Dataset`, or a dictionary with one for training and one for tests."""

    accepted = (
        "a tf.data.Dataset of pairs (image, label), batched or not, or a dictionary "
        "with one as train, and perhaps test and class_names"
    )

    @classmethod
    def takes(cls, data: Any) -> bool:
        if isinstance(data, Mapping):
            return isinstance(data.get("train"), tf.data.Dataset)
        return isinstance(data, tf.data.Dataset)

    @property
    def name(self) -> str:
        return NAME

    def read(self, reading: Reading) -> Found:
        given = self.data if isinstance(self.data, Mapping) else {"train": self.data}
        unknown = sorted(set(given) - {*SPLITS, "class_names"})
        if unknown:
            raise DataError(
                f"{NAME}: a dictionary may have train, test and class_names. "
                f"Received: {unknown[0]}"
            )
        single = {s: _single_images(s, given[s]) for s in SPLITS if s in given}
        contents = {split: _Content.of(split, each) for split, each in single.items()}
        streams = {split: _as_bytes(each) for split, each in single.items()}
        labels = {split: content.labels for split, content in contents.items()}
        if "test" not in given:
            test = _chosen(len(labels["train"]), reading)
            streams = {
                "train": _part(streams["train"], ~test),
                "test": _part(streams["train"], test),
            }
            labels = {"train": labels["train"][~test], "test": labels["train"][test]}
        return Found(
            _class_names(given, contents["train"].labels, labels),
            set().union(*(content.sizes for content in contents.values())),
            _channels(single),
            {split: len(found) for split, found in labels.items()},
            {split: functools.partial(streams.__getitem__, split) for split in SPLITS},
        )


@dataclasses.dataclass(frozen=True)
class _Content:
    """What one pass over a dataset finds.

    Attributes:
        labels: Integer array of all labels, in order.
        sizes: Set of pairs, heights and widths.
    """

    labels: np.ndarray
    sizes: set[tuple[int, int]]

    @classmethod
    def of(cls, split: str, dataset: tf.data.Dataset) -> "_Content":
        labels: list[int] = []
        sizes: set[tuple[int, int]] = set()
        digests: list[tuple[int, int]] = []
        try:
            for image, label in dataset.as_numpy_iterator():
                _check_values(split, image)
                labels.append(label)
                sizes.add(image.shape[:2])
                if len(digests) < COMPARED:
                    digests.append(_digest(image, label))
            again = [_digest(*e) for e in dataset.take(COMPARED).as_numpy_iterator()]
        except tf.errors.OpError as error:
            raise DataError(f"{NAME}: {split} cannot be read: {one_line(error)}") from (
                error
            )
        if not labels:
            raise DataError(f"{NAME}: {split} has no images")
        if digests != again:
            raise DataError(
                f"{NAME}: {split} has other images in each pass: train and test images "
                "would mix. Leave shuffling and augmentation out, or shuffle with "
                "reshuffle_each_iteration=False"
            )
        return cls(np.array(labels, "int64"), sizes)


def _digest(image: np.ndarray, label: Any) -> tuple[int, int]:
    return zlib.crc32(image.tobytes()), int(label)


def _single_images(split: str, dataset: Any) -> tf.data.Dataset:
    """Pairs of one image, with an axis of channels, and its label, in a fixed order.

    Raises:
        DataError: If the elements are not such pairs, or there is no end of them.
    """
    spec = getattr(dataset, "element_spec", None)
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise DataError(
            f"{NAME}: {split} must have pairs (image, label). Received: {spec}"
        )
    image, label = spec
    rank, batched = (getattr(getattr(s, "shape", None), "rank", None) for s in spec)
    axes = None if rank is None or batched not in (0, 1) else rank - batched
    if axes not in (GRAY, COLOUR) or not label.dtype.is_integer:
        raise DataError(
            f"{NAME}: {split} must have images of shape (height, width, channels) or "
            "(height, width), and an integer label of each; or batches of these. "
            f"Received: {image} and {label}"
        )
    if axes == COLOUR and image.shape[-1] not in (1, 3):
        raise DataError(
            f"{NAME}: {split} must have images of 1 or 3 channels. "
            f"Received: shape {image.shape}"
        )
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise DataError(f"{NAME}: {split} repeats without end: leave repeat() out")
    if batched:
        dataset = dataset.unbatch()
    if axes == GRAY:
        dataset = dataset.map(lambda image, label: (image[..., None], label))
    options = tf.data.Options()
    options.deterministic = True
    return dataset.with_options(options)


def _check_values(split: str, image: np.ndarray) -> None:
    if image.dtype == np.uint8 or not image.size:
        return
    low, high = float(image.min()), float(image.max())
    most = {"f": 1, "i": 255, "u": 255}.get(image.dtype.kind)
    if most is None or not 0 <= low <= high <= most:
        raise DataError(
            f"{NAME}: {split} images must be bytes, or numbers from 0 to 1. Received: "
            f"{image.dtype} from {low:g} to {high:g}"
        )


def _as_bytes(dataset: tf.data.Dataset) -> tf.data.Dataset:
    def converted(image, label):
        if image.dtype.is_floating:
            image = tf.round(255 * image)
        return tf.cast(image, tf.uint8), tf.cast(label, tf.int64)

    return dataset.map(converted, num_parallel_calls=tf.data.AUTOTUNE)


def _chosen(count: int, reading: Reading) -> np.ndarray:
    """Which of all images are test images, at random."""
    rng = np.random.default_rng(reading.seed)
    chosen = np.zeros(count, bool)
    chosen[rng.permutation(count)[: math.ceil(count * reading.test_share)]] = True
    return chosen


def _part(dataset: tf.data.Dataset, chosen: np.ndarray) -> tf.data.Dataset:
    mask = tf.constant(chosen)
    numbered_images = dataset.enumerate().filter(lambda index, _: mask[index])
    return numbered_images.map(lambda _, pair: pair)


def _class_names(
    given: Mapping, trained: np.ndarray, labels: dict[str, np.ndarray]
) -> list[str]:
    names = [str(name) for name in given.get("class_names", ())]
    names = names or [str(label) for label in range(int(trained.max()) + 1)]
    for split, found in labels.items():
        if found.size and not 0 <= found.min() <= found.max() < len(names):
            raise DataError(
                f"{NAME}: labels must be from 0 to {len(names) - 1}. Received: {split} "
                f"from {found.min()} to {found.max()}"
            )
    missing = sorted(set(range(len(names))) - set(labels["train"].tolist()))
    if missing:
        raise DataError(f"{NAME}: no training image has label {missing[0]}")
    return names


def _channels(single: dict[str, tf.data.Dataset]) -> int:
    found = {split: each.element_spec[0].shape[-1] for split, each in single.items()}
    if len(set(found.values())) > 1:
        raise DataError(
            f"{NAME}: train has images of {found['train']} channels, and test of "
            f"{found['test']}"
        )
    return found["train"]
