"""Images and their masks in arrays in memory, or in an .npz file."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from symclone_tf.data.arrays import (
    array_groups,
    images_in,
    scale_of,
    shape_of,
    splits_in,
)
from symclone_tf.data.decoded import Unreadable
from symclone_tf.data.masks import classes_of, labels_of, whole_numbers
from symclone_tf.data.sources import SPLITS, Found, Reading
from symclone_tf.data.splitting import held_out
from symclone_tf.data.values import Scale
from symclone_tf.errors import DataError
from symclone_tf.types import Array


def read_segmented_arrays(
    source: str, arrays: Mapping[str, Array], reading: Reading
) -> Found:
    """Checks arrays of images and masks, see `open_segmented`.

    Args:
        source: String, what messages call the data.
        arrays: Dictionary from names, as `x_train`, to arrays.
        reading: `Reading`.

    Returns:
        `Found`.

    Raises:
        DataError: If an array is missing, or does not hold images or masks.
    """
    images, masks = {}, {}
    for split, (x, y) in splits_in(source, arrays).items():
        images[split] = images_in(source, x, arrays[x])
        masks[split] = _masks(source, y, arrays[y], images[split])
    height, width, channels = shape_of(source, images)
    scale, notes = scale_of(source, images)
    orders = _orders(source, arrays, masks, reading)
    for split in SPLITS:  # "test" may be a part of the training's
        images.setdefault(split, images["train"])
        masks.setdefault(split, masks["train"])
    values = {
        split: set(np.unique(masks[split][orders[split]]).tolist()) for split in SPLITS
    }
    classes = classes_of(source, values["train"], values["test"])
    return Found(
        _names(source, arrays, classes),
        {(height, width)},
        channels,
        {split: len(order) for split, order in orders.items()},
        {
            split: _stream(images[split], masks[split], orders[split], scale, classes)
            for split in SPLITS
        },
        notes=notes,
        dtype=scale.dtype,
    )


def _masks(source: str, name: str, array: Array, images: Array) -> Array:
    if array.shape not in (images.shape[:3], (*images.shape[:3], 1)):
        raise DataError(
            f"{source}: {name} must have a mask for each image, of shape "
            f"{images.shape[:3]}. Received: {array.shape}"
        )
    try:
        return whole_numbers(array)
    except Unreadable as reason:
        raise DataError(f"{source}: {name} is {reason}") from reason


def _names(source: str, arrays: Mapping[str, Array], classes: list[int]) -> list[str]:
    """Those that were given, of classes from 0, or the numbers of classes."""
    if "class_names" not in arrays:
        return [str(value) for value in classes]
    names = [str(name) for name in np.atleast_1d(arrays["class_names"])]
    if classes != list(range(len(names))):
        raise DataError(
            f"{source}: class_names are {len(names)}, so masks must have the numbers "
            f"from 0 to {len(names) - 1}. Received: {', '.join(map(str, classes))}"
        )
    return names


def _orders(
    source: str,
    arrays: Mapping[str, Array],
    masks: Mapping[str, Array],
    reading: Reading,
) -> dict[str, Array]:
    rng = np.random.default_rng(reading.seed)
    alike = {split: np.zeros(len(found), int) for split, found in masks.items()}
    groups = array_groups(source, arrays, alike)
    if "test" in masks:
        return {split: rng.permutation(len(found)) for split, found in masks.items()}
    share, names = reading.test_share, ["the images"]
    chosen = held_out(source, alike["train"], names, share, rng, groups)
    order = rng.permutation(len(chosen))
    return {"train": order[~chosen[order]], "test": order[chosen[order]]}


def _stream(
    images: Array, masks: Array, order: Array, scale: Scale, classes: list[int]
) -> Callable[[], tf.data.Dataset]:
    def stream() -> tf.data.Dataset:
        def each():
            for index in order:
                yield scale(images[index]), labels_of(masks[index], classes)

        return tf.data.Dataset.from_generator(
            each,
            output_signature=(
                tf.TensorSpec(images.shape[1:], scale.dtype),
                tf.TensorSpec(images.shape[1:3], tf.int32),
            ),
        )

    return stream
