"""Labelled images in arrays in memory."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.labels import class_names
from symclone_tf.data.sources import SPLITS, Found, Reading, Source
from symclone_tf.data.splitting import check_apart, held_out
from symclone_tf.data.values import Scale, Values, ranges_in
from symclone_tf.errors import DataError
from symclone_tf.types import Array


@Source.register("arrays")
class ArraySource(Source):
    """A pair of images and labels, or a dictionary of arrays as .npz files have it."""

    accepted = (
        "arrays, as a pair (images, labels) or a dictionary with x_train and y_train, "
        "and perhaps x_test, y_test, class_names, groups_train and groups_test"
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
    for split, (x, y) in splits_in(source, arrays).items():
        images[split] = images_in(source, x, arrays[x])
        labels[split] = _labels(source, y, arrays[y], images[split])
    height, width, channels = shape_of(source, images)
    scale, notes = scale_of(source, images)
    found = class_names(
        source,
        arrays.get("class_names"),
        {f"y_{split}": each for split, each in labels.items()},
        labels["train"],
    )
    orders = _orders(
        source, labels, array_groups(source, arrays, labels), test_share, seed
    )
    for split in SPLITS:  # "test" may be a part of the training's
        images.setdefault(split, images["train"])
        labels.setdefault(split, labels["train"])
    return Found(
        found,
        {(height, width)},
        channels,
        {split: len(order) for split, order in orders.items()},
        {
            split: _stream(images[split], labels[split], orders[split], scale)
            for split in SPLITS
        },
        notes=notes,
        dtype=scale.dtype,
    )


def splits_in(source: str, arrays: Mapping[str, Array]) -> dict[str, tuple[str, str]]:
    """The names of images and of labels of each split that there is.

    Raises:
        DataError: If there are none to train on, or one without the other.
    """
    found = {}
    for split in SPLITS:
        names = f"x_{split}", f"y_{split}"
        there = [name for name in names if name in arrays]
        if len(there) == 1 or (split == "train" and not there):
            (missing, *_) = (name for name in names if name not in there)
            raise DataError(
                f"{source} lacks {missing}. It has: {', '.join(arrays) or 'nothing'}"
            )
        if there:
            found[split] = names
    return found


def shape_of(source: str, images: Mapping[str, Array]) -> tuple[int, ...]:
    """The shape of the images of all splits.

    Raises:
        DataError: If they have several.
    """
    shapes = {split: array.shape[1:] for split, array in images.items()}
    if len(set(shapes.values())) > 1:
        raise DataError(
            f"{source}: x_train has images of shape {shapes['train']}, and x_test of "
            f"{shapes['test']}"
        )
    return shapes["train"]


def array_groups(
    source: str, given: Mapping[str, Any], labels: Mapping[str, Array]
) -> Array | None:
    """The groups of training images, of which none may be among the test images.

    Args:
        source: String, what messages call the data.
        given: Dictionary, perhaps with `groups_train` or `groups`, and `groups_test`.
        labels: Dictionary from the splits that there are to arrays of labels.

    Returns:
        Array with an entry for each training image, or `None`.

    Raises:
        DataError: If there is not an entry for each image, or a group is in both.
    """
    names = {"train": [name for name in ("groups_train", "groups") if name in given]}
    names["test"] = [name for name in ("groups_test",) if name in given]
    if not any(names.values()):
        return None
    if len(names["train"]) > 1:
        raise DataError(f"{source} has groups_train and groups: give one of them")
    for split in SPLITS:
        if (split in labels) != bool(names[split]):
            there = ("images", "groups") if split in labels else ("groups", "images")
            raise DataError(f"{source}: {split} has {there[0]}, but no {there[1]}")
    groups = {
        split: _groups(source, names[split][0], given[names[split][0]], found)
        for split, found in labels.items()
    }
    if "test" in groups:
        check_apart(source, groups["train"], groups["test"])
    return groups["train"]


def _groups(source: str, name: str, given: Any, labels: Array) -> Array:
    array = np.asarray(given)
    if array.shape != labels.shape or array.dtype.kind not in "iuUS":
        raise DataError(
            f"{source}: {name} must be integers or strings of shape {labels.shape}, "
            f"one for each image. Received: {array.dtype} of shape {array.shape}"
        )
    return array


def _orders(
    source: str,
    labels: dict[str, Array],
    groups: Array | None,
    test_share: float,
    seed: int,
) -> dict[str, Array]:
    """The indices of each split's images, at random: files may be sorted by label."""
    rng = np.random.default_rng(seed)
    train = rng.permutation(len(labels["train"]))
    if "test" in labels:
        return {"train": train, "test": rng.permutation(len(labels["test"]))}
    names = [f"label {label}" for label in np.unique(labels["train"])]
    test = held_out(source, labels["train"], names, test_share, rng, groups)
    return {"train": train[~test[train]], "test": train[test[train]]}


def images_in(source: str, name: str, array: Array) -> Array:
    """Images with an axis of channels.

    Raises:
        DataError: If they are no images.
    """
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3) or not array.size:
        raise DataError(
            f"{source}: {name} must have shape (count, height, width), or with 1 or 3 "
            f"channels at the end. Received: {array.shape}"
        )
    return array


def scale_of(source: str, images: Mapping[str, Array]) -> tuple[Scale, list[str]]:
    """How images of all splits are scaled, and what is said of it.

    Raises:
        DataError: If some pixels are not numbers.
    """
    values = Values(source)
    for split, array in images.items():
        values.check(f"x_{split}", array.dtype)
        for index, found in enumerate(ranges_in(array)):
            values.add(f"x_{split}[{index}]", array.dtype, found)
    return values.scale()


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
    images: Array, labels: Array, order: Array, scale: Scale
) -> Callable[[], tf.data.Dataset]:
    def stream() -> tf.data.Dataset:
        # One by one from where they are: `from_tensor_slices` would copy them all
        # into a graph.
        def each():
            for index in order:
                yield scale(images[index]), labels[index]

        return tf.data.Dataset.from_generator(
            each,
            output_signature=(
                tf.TensorSpec(images.shape[1:], scale.dtype),
                tf.TensorSpec((), tf.int64),
            ),
        )

    return stream
