"""Labelled images in a `tf.data.Dataset`, read where they are."""

import dataclasses
import functools
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.arrays import array_groups
from symclone_tf.data.labels import class_names
from symclone_tf.data.sources import (
    SPLITS,
    Found,
    Reading,
    Source,
    one_line,
)
from symclone_tf.data.splitting import held_out
from symclone_tf.data.values import Range, Scale, Values
from symclone_tf.errors import DataError

NAME = "tf.data.Dataset"
# How many images are looked at of a dataset that does not tell how many it has, and
# may have no end.
MOST_UNKNOWN = 10**6
# By how many of the first images two passes are compared.
COMPARED = 64
# What a dictionary may have beside datasets.
BESIDES = ("class_names", "groups", "groups_train", "groups_test")
# Axes of an image, without and with its channels.
GRAY, COLOUR = 2, 3


@Source.register("tf.data")
class DatasetSource(Source):
    """A `tf.data.Dataset`, or a dictionary with one for training and one for tests."""

    accepted = (
        "a tf.data.Dataset of pairs (image, label), batched or not, or a dictionary "
        "with one as train, and perhaps test, class_names, groups_train and groups_test"
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
        unknown = sorted(set(given) - {*SPLITS, *BESIDES})
        if unknown:
            raise DataError(
                f"{NAME}: a dictionary may have train, test, {', '.join(BESIDES)}. "
                f"Received: {unknown[0]}"
            )
        single = {s: _single_images(s, given[s]) for s in SPLITS if s in given}
        channels = _channels(single)
        values = Values(NAME)
        contents = {s: _Content.of(s, each, values) for s, each in single.items()}
        scale, notes = values.scale()
        streams = {split: _scaled(each, scale) for split, each in single.items()}
        labels = {split: content.labels for split, content in contents.items()}
        names = class_names(NAME, given.get("class_names"), labels, labels["train"])
        groups = array_groups(NAME, given, labels)
        if "test" not in given:
            there = [f"label {label}" for label in np.unique(labels["train"])]
            rng = np.random.default_rng(reading.seed)
            test = held_out(
                NAME, labels["train"], there, reading.test_share, rng, groups
            )
            streams = {
                "train": _part(streams["train"], ~test),
                "test": _part(streams["train"], test),
            }
            labels = {"train": labels["train"][~test], "test": labels["train"][test]}
        return Found(
            names,
            set().union(*(content.sizes for content in contents.values())),
            channels,
            {split: len(found) for split, found in labels.items()},
            {split: functools.partial(streams.__getitem__, split) for split in SPLITS},
            notes=notes,
            dtype=scale.dtype,
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
    def of(cls, split: str, dataset: tf.data.Dataset, values: Values) -> "_Content":
        labels: list[int] = []
        sizes: set[tuple[int, int]] = set()
        digests: list[tuple[int, int]] = []
        unknown = dataset.cardinality() == tf.data.UNKNOWN_CARDINALITY
        most = MOST_UNKNOWN if unknown else math.inf
        try:
            for image, label in dataset.as_numpy_iterator():
                name = f"{split} image {len(labels)}"
                values.check(name, image.dtype)
                values.add(name, image.dtype, Range.of(image))
                if len(labels) == most:
                    raise DataError(
                        f"{NAME}: {split} has more than {most:,} images, and does not "
                        "tell how many: leave repeat() out, or pass it through "
                        "tf.data.experimental.assert_cardinality"
                    )
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
    if not all(isinstance(each, tf.TensorSpec) for each in spec):
        raise DataError(
            f"{NAME}: {split} must have dense tensors. Received: {image} and {label}"
        )
    axes, batched = _axes(image.shape, label.shape)
    if not axes or not label.dtype.is_integer:
        raise DataError(
            f"{NAME}: {split} must have images of shape (height, width, channels), of "
            "1 or 3 channels, or (height, width), and one integer as the label of "
            f"each; or batches of these. Received: {image} and {label}"
        )
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise DataError(f"{NAME}: {split} repeats without end: leave repeat() out")
    if batched:
        dataset = dataset.unbatch()

    def single(image, label):
        return image[..., None] if axes == GRAY else image, tf.reshape(label, ())

    dataset = dataset.map(single)
    options = tf.data.Options()
    options.deterministic = True
    return dataset.with_options(options)


def _axes(image: tf.TensorShape, label: tf.TensorShape) -> tuple[int, bool]:
    """How many axes an image has, 0 if it is none, and whether there are batches."""
    if image.rank is None or label.rank is None:
        return 0, False
    # Of one image a label is a number, perhaps in an array of its own.
    for axes in (COLOUR, GRAY):
        is_image = axes == GRAY or image[-1] in (1, 3)
        if image.rank == axes and is_image and label in ((), (1,)):
            return axes, False
    for axes in (COLOUR, GRAY):
        # An image of three axes with a vector of labels is no batch of narrow ones.
        is_image = image[-1] in (1, 3) if axes == COLOUR else image[-1] not in (1, 3)
        one_each = label.rank == 1 or (label.rank == 2 and label[1] == 1)
        if image.rank == axes + 1 and is_image and one_each:
            return axes, True
    return 0, False


def _scaled(dataset: tf.data.Dataset, scale: Scale) -> tf.data.Dataset:
    keeps = dataset.element_spec[0].dtype == tf.uint8 and scale.dtype == "uint8"

    def scaled(image, label):
        if not (keeps and scale.keeps_bytes):
            shape = image.shape
            image = tf.numpy_function(scale, [image], scale.dtype, stateful=False)
            image = tf.ensure_shape(image, shape)
        return image, tf.cast(label, tf.int64)

    return dataset.map(scaled, num_parallel_calls=tf.data.AUTOTUNE)


def _part(dataset: tf.data.Dataset, chosen: np.ndarray) -> tf.data.Dataset:
    mask = tf.constant(chosen)
    numbered_images = dataset.enumerate().filter(lambda index, _: mask[index])
    return numbered_images.map(lambda _, pair: pair)


def _channels(single: dict[str, tf.data.Dataset]) -> int:
    found = {split: each.element_spec[0].shape[-1] for split, each in single.items()}
    if len(set(found.values())) > 1:
        raise DataError(
            f"{NAME}: train has images of {found['train']} channels, and test of "
            f"{found['test']}"
        )
    return found["train"]
