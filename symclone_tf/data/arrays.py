"""Labelled images in arrays in memory."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.labels import class_names
from symclone_tf.data.sources import SPLITS, Found, Reading, Source
from symclone_tf.errors import DataError
from symclone_tf.types import Array


@Source.register("arrays")
class ArraySource(Source):
    """A pair of images and labels, or a dictionary of arrays as .npz files have it."""

    accepted = (
        "arrays, as a pair (images, labels) or a dictionary with x_train and y_train, "
        "and perhaps x_test, y_test and class_names"
    )

    @classmethod
    def takes(cls, data: Any) -> bool:
        if isinstance(data, Mapping):
            return "x_train" in data or "y_train" in data
        return isinstance(data, (tuple, list)) and len(data) == 2

    @property
    def name(self) -> str:
        return "data in memory"

    def read(self, reading: Reading) -> Found:
        given = self.data
        if not isinstance(given, Mapping):
            given = dict(zip(("x_train", "y_train"), given))
        try:
            arrays = {name: np.asarray(value) for name, value in given.items()}
        except (TypeError, ValueError) as error:
            raise DataError(f"{self.name}: not every value is an array") from error
        return read_arrays(self.name, arrays, reading.test_share, reading.seed)


def read_arrays(
    source: str, arrays: Mapping[str, Array], test_share: float, seed: int
) -> Found:
    """Checks arrays of images and labels, see `open_images`.

    Args:
        source: String, what messages call the data.
        arrays: Dictionary from names, as `x_train`, to arrays.
        test_share: Float, the share of test images if there is no `x_test`.
        seed: Integer, of the order, and of the choice of test images.

    Returns:
        `Found`.

    Raises:
        DataError: If an array is missing, or does not hold images or labels.
    """
    images, labels = {}, {}
    for split in SPLITS:
        names = f"x_{split}", f"y_{split}"
        there = [name for name in names if name in arrays]
        if len(there) == 1 or (split == "train" and not there):
            (missing, *_) = (name for name in names if name not in there)
            raise DataError(
                f"{source} lacks {missing}. It has: {', '.join(arrays) or 'nothing'}"
            )
        if there:
            images[split] = _images(source, names[0], arrays[names[0]])
            labels[split] = _labels(source, names[1], arrays[names[1]], images[split])
    orders, given = _orders(labels, test_share, seed), dict(labels)
    for split in SPLITS:  # "test" may be a part of the training's
        images.setdefault(split, images["train"])
        labels.setdefault(split, labels["train"])
    shapes = {split: array.shape[1:] for split, array in images.items()}
    if shapes["train"] != shapes["test"]:
        raise DataError(
            f"{source}: x_train has images of shape {shapes['train']}, and x_test of "
            f"{shapes['test']}"
        )
    height, width, channels = shapes["train"]
    return Found(
        class_names(
            source,
            arrays.get("class_names"),
            {f"y_{split}": found for split, found in given.items()},
            labels["train"][orders["train"]],
        ),
        {(height, width)},
        channels,
        {split: len(order) for split, order in orders.items()},
        {
            split: _stream(images[split], labels[split], orders[split])
            for split in SPLITS
        },
    )


def _orders(labels: dict[str, Array], test_share: float, seed: int) -> dict[str, Array]:
    """The indices of each split's images, at random: files may be sorted by label."""
    rng = np.random.default_rng(seed)
    train = rng.permutation(len(labels["train"]))
    if "test" in labels:
        return {"train": train, "test": rng.permutation(len(labels["test"]))}
    count = math.ceil(len(train) * test_share)
    return {"train": train[count:], "test": train[:count]}


def _images(source: str, name: str, array: Array) -> Array:
    """Images as bytes, with an axis of channels."""
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3) or not array.size:
        raise DataError(
            f"{source}: {name} must have shape (count, height, width), or with 1 or 3 "
            f"channels at the end. Received: {array.shape}"
        )
    if array.dtype == np.uint8:
        return array
    low, high = (float(end(array)) for end in (np.min, np.max))
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.round(255 * array).astype("uint8")
    if array.dtype.kind in "iu" and low >= 0 and high <= 255:
        return array.astype("uint8")
    raise DataError(
        f"{source}: {name} must be bytes, or numbers from 0 to 1. Received: "
        f"{array.dtype} from {low:g} to {high:g}"
    )


def _labels(source: str, name: str, array: Array, images: Array) -> Array:
    labels = array.reshape(-1) if array.shape[1:] in ((), (1,)) else array
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"{source}: {name} must be integers of shape (count,). Received: "
            f"{array.dtype} of shape {array.shape}"
        )
    if len(labels) != len(images):
        raise DataError(
            f"{source}: there are {len(images)} images and {len(labels)} labels in "
            f"{name}"
        )
    return labels.astype("int64")


def _stream(
    images: Array, labels: Array, order: Array
) -> Callable[[], tf.data.Dataset]:
    def stream() -> tf.data.Dataset:
        # One by one from where they are: `from_tensor_slices` would copy them all
        # into a graph.
        def each():
            for index in order:
                yield images[index], labels[index]

        return tf.data.Dataset.from_generator(
            each,
            output_signature=(
                tf.TensorSpec(images.shape[1:], tf.uint8),
                tf.TensorSpec((), tf.int64),
            ),
        )

    return stream
