"""Labelled images in an .npz file, of which nothing is unpickled."""

import math
import zipfile

import numpy as np
import tensorflow as tf

from symclone_tf.data.sources import SPLITS, Found
from symclone_tf.errors import DataError


def read_npz(file, test_share, seed) -> Found:
    """Reads and checks arrays, see `open_images`.

    Raises:
        DataError: If an array is missing, or none of images or of labels.
    """
    arrays = _arrays(file)
    images, labels = {}, {}
    for split in SPLITS:
        names = f"x_{split}", f"y_{split}"
        there = [name for name in names if name in arrays]
        if len(there) == 1 or (split == "train" and not there):
            (missing, *_) = (name for name in names if name not in there)
            raise DataError(
                f"{file} lacks {missing}. It has: {', '.join(arrays) or 'nothing'}"
            )
        if there:
            images[split] = _images(file, names[0], arrays[names[0]])
            labels[split] = _labels(file, names[1], arrays[names[1]], images[split])
    orders = _orders(labels, test_share, seed)
    for split in SPLITS:  # "test" may be a part of the training's
        images.setdefault(split, images["train"])
        labels.setdefault(split, labels["train"])
    shapes = {split: array.shape[1:] for split, array in images.items()}
    if shapes["train"] != shapes["test"]:
        raise DataError(
            f"{file}: x_train has images of shape {shapes['train']}, and x_test of "
            f"{shapes['test']}"
        )
    *size, channels = shapes["train"]
    return Found(
        _class_names(file, arrays, labels, orders["train"]),
        {tuple(size)},
        channels,
        {split: len(order) for split, order in orders.items()},
        {
            split: _stream(images[split], labels[split], orders[split])
            for split in SPLITS
        },
    )


def _orders(labels, test_share, seed) -> dict:
    """Which images are whose, at random: files may be sorted by their labels."""
    rng = np.random.default_rng(seed)
    train = rng.permutation(len(labels["train"]))
    if "test" in labels:
        return {"train": train, "test": rng.permutation(len(labels["test"]))}
    count = math.ceil(len(train) * test_share)
    return {"train": train[count:], "test": train[:count]}


def _arrays(file) -> dict:
    if not file.is_file():
        raise DataError(f"{file} is not a file")
    try:
        # A stream of our own is closed, whatever NumPy makes of it.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        reason = str(error).partition("\n")[0]
        if "allow_pickle" in reason:
            reason = "it has arrays of Python objects, which are not unpickled"
        raise DataError(f"{file} cannot be read: {reason}") from error


def _images(file, name, array):
    """Images as bytes, with an axis of channels."""
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3) or not array.size:
        raise DataError(
            f"{file}: {name} must have shape (count, height, width), or with 1 or 3 "
            f"channels behind. Received: {array.shape}"
        )
    if array.dtype == np.uint8:
        return array
    low, high = (float(end(array)) for end in (np.min, np.max))
    if array.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.round(255 * array).astype("uint8")
    if array.dtype.kind in "iu" and low >= 0 and high <= 255:
        return array.astype("uint8")
    raise DataError(
        f"{file}: {name} must be bytes, or numbers from 0 to 1. Received: "
        f"{array.dtype} from {low:g} to {high:g}"
    )


def _labels(file, name, array, images):
    labels = array.reshape(-1) if array.shape[1:] in ((), (1,)) else array
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"{file}: {name} must be integers of shape (count,). Received: "
            f"{array.dtype} of shape {array.shape}"
        )
    if len(labels) != len(images):
        raise DataError(
            f"{file}: there are {len(images)} images and {len(labels)} labels in {name}"
        )
    return labels.astype("int64")


def _class_names(file, arrays, labels, trained) -> list[str]:
    names = [str(name) for name in arrays.get("class_names", ())]
    count = len(names) or int(labels["train"].max()) + 1
    for split, found in labels.items():
        if found.size and not 0 <= found.min() <= found.max() < count:
            raise DataError(
                f"{file}: labels must be from 0 to {count - 1}. Received: y_{split} "
                f"from {found.min()} to {found.max()}"
            )
    empty = sorted(set(range(count)) - set(labels["train"][trained].tolist()))
    if empty:
        raise DataError(f"{file}: no image of the training has label {empty[0]}")
    return names or [str(label) for label in range(count)]


def _stream(images, labels, order):
    def stream():
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
