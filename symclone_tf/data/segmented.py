"""Images with a class for each pixel, of any source, for segmentation."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.batches import shuffled_among
from symclone_tf.data.folders import IMAGES, MASKS
from symclone_tf.data.images import check_image_size, check_reading, only_size
from symclone_tf.data.npz import read_npz_arrays
from symclone_tf.data.segmented_arrays import read_segmented_arrays
from symclone_tf.data.segmented_folders import read_segmented_folder
from symclone_tf.data.sources import SPLITS, Found, Reading, is_path
from symclone_tf.errors import DataError
from symclone_tf.types import Path, Tensor

ACCEPTED = (
    "a folder with images and masks, or with train and test, each of which has these; "
    "an .npz file with x_train and y_train, perhaps x_test and y_test; or a pair of "
    "arrays (images, masks), or a dictionary of arrays as an .npz file has them"
)
# Bytes of images and masks that are cached in memory at most.
CACHED = 2**28


@dataclasses.dataclass(frozen=True)
class SegmentedImages:
    """Images and their masks, read when they are needed.

    Attributes:
        name: String, what `open_segmented` was given, or a word for it.
        class_names: Tuple of strings, by label.
        size: Integer, height and width of all images in pixels.
        channels: Integer, 1 for gray or 3 for colour.
        counts: Dictionary from `"train"` and `"test"` to numbers of images.
        skipped: Tuple of strings, files that could not be read.
        streams: Dictionary from splits to functions that return a `tf.data.Dataset`
            of one image and its labels at a time, as they are stored.
        notes: Tuple of strings, what was changed or left out, with counts.
        dtype: String, of the images of streams, see `Images`.

    Example:

    >>> masks = np.zeros((10, 16, 20), "uint8")
    >>> masks[:, 4:8, 4:8] = 255
    >>> images = open_segmented((masks, masks))
    >>> images.class_names, images.size, images.counts
    (('0', '255'), 20, {'train': 8, 'test': 2})
    >>> image, labels, there = next(iter(images.batches("test", canvas=24)))
    >>> image.shape, labels.shape, int(keras.ops.sum(there[0]))  # pixels of an image
    (TensorShape([2, 24, 24, 1]), TensorShape([2, 24, 24]), 320)
    """

    name: str
    class_names: tuple[str, ...]
    size: int
    channels: int
    counts: dict[str, int]
    skipped: tuple[str, ...] = ()
    streams: dict[str, Callable[[], tf.data.Dataset]] = dataclasses.field(
        default_factory=dict, repr=False
    )
    notes: tuple[str, ...] = ()
    dtype: str = "uint8"

    def batches(
        self,
        split: str,
        batch_size: int = 16,
        size: int | None = None,
        canvas: int | None = None,
        seed: int = 0,
        first: int = 0,
    ) -> tf.data.Dataset:
        """Batches of images, labels, and which pixels there are.

        Args:
            split: String, `"train"`, shuffled anew for every epoch, or `"test"`.
            batch_size: Integer.
            size: Integer, how many images; `None` for all.
            canvas: Integer, height and width in pixels of what is returned, with zeros
                around images; `None` for the images' size.
            seed: Integer, of the order.
            first: Integer, how many images to leave out before those that are taken.

        Returns:
            `tf.data.Dataset` of triples: float32 from 0 to 1 of shape
            `(batch, canvas, canvas, channels)`; int32 labels of shape
            `(batch, canvas, canvas)`; and weights of these, float32, 1 for a pixel of
            the image and 0 for one around it.

        Raises:
            ValueError: If there is no such split, or it has fewer images.
        """
        if split not in SPLITS:
            raise ValueError(f"`split` must be train or test. Received: split={split}")
        total = self.counts[split] - first if size is None else size
        if not 0 < total <= self.counts[split] - first:
            raise ValueError(
                f"`size` must be at most {self.counts[split] - first}, the {split} "
                f"images of {self.name} from `first` on. Received: size={size}"
            )
        side = self.size if canvas is None else canvas
        found = self.streams[split]().skip(first).take(total)
        found = found.map(
            lambda image, labels: fitted(image, labels, self.size, side),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        found = found.apply(tf.data.experimental.assert_cardinality(total))
        each = side**2 * (self.channels * tf.as_dtype(self.dtype).size + 5)
        window = shuffled_among(each, batch_size)
        if total * each <= CACHED:
            found, window = found.cache(), total
        if split == "train":
            found = found.shuffle(window, seed=seed)
        return found.batch(batch_size).map(_scaled).prefetch(tf.data.AUTOTUNE)


def open_segmented(
    data: Path | tuple[Any, Any] | Mapping[str, Any],
    image_size: int | None = None,
    test_share: float = 0.2,
    seed: int = 0,
    strict: bool = False,
    keep_together: str | None = None,
) -> SegmentedImages:
    """Opens images and masks of any source, and checks them.

    - A folder with `images`, of files that `open_images` reads, and `masks`, PNG, TIFF
      or NIfTI files of the same names, or with `_mask` at their end; or with `train`
      and `test`, each of which has these.
    - An `.npz` file with `x_train` and `y_train`, and perhaps `x_test`, `y_test` and
      `class_names`; nothing in it is unpickled. Masks have shape
      `(count, height, width)`.
    - A pair of arrays `(images, masks)`, or a dictionary of arrays with the names of an
      `.npz` file's.

    Masks have a whole number for each pixel. All numbers that there are, at most 64,
    are classes, in their order: 0 and 255 are two. Those of a palette are the numbers
    of its colours. Pixels of images are those of `open_images`.

    Args:
        data: One of these.
        image_size: Integer, pixels to which the longer sides of images are resized;
            `None` for their own. Masks get the nearest number.
        test_share: Float, the share of test images where the data has none.
        seed: Integer, of the choice of these.
        strict: Boolean, whether to refuse images that cannot be read, instead of
            leaving them out. Masks that cannot be read are always refused.
        keep_together: String, for folders, see `open_images`, of paths of images.

    Returns:
        `SegmentedImages`.

    Raises:
        DataError: If there is no such data, an image has no mask of its size, or masks
            have numbers that cannot be classes.
        ValueError: If an argument is not accepted.

    Example:

    >>> rows, columns = np.mgrid[:16, :16]
    >>> discs = (np.hypot(rows - 8, columns - 8) < np.arange(3, 7)[:, None, None])
    >>> open_segmented((255 * discs.astype("uint8"), discs)).class_names
    ('0', '1')
    """
    check_reading(test_share, seed, image_size, keep_together)
    name, found = _read(data, Reading(test_share, seed, strict, None, keep_together))
    size = image_size or max(only_size(name, found.sizes))
    check_image_size(size)
    return SegmentedImages(
        name,
        tuple(found.class_names),
        size,
        found.channels,
        {split: found.counts[split] for split in SPLITS},
        tuple(found.skipped),
        found.streams,
        tuple(found.notes),
        found.dtype,
    )


def has_masks(data: Any) -> bool:
    """Whether data is images and masks, which `open_segmented` reads.

    Args:
        data: Anything.

    Returns:
        Boolean: whether it is a folder of `images` and `masks`, or an `.npz` file whose
        `y_train` has an entry for each pixel.

    Example:

    >>> has_masks("cifar10")
    False
    """
    if not is_path(data):
        return False
    path = pathlib.Path(data)
    if path.is_dir():
        roots = [path, *(path / split for split in SPLITS)]
        return any(all((r / n).is_dir() for n in (IMAGES, MASKS)) for r in roots)
    if path.suffix != ".npz" or not path.is_file():
        return False
    labels = read_npz_arrays(path, ("y_train",)).get("y_train")
    return labels is not None and labels.ndim > 2


def _read(data: Any, reading: Reading) -> tuple[str, Found]:
    is_folder = is_path(data) and pathlib.Path(data).is_dir()
    if reading.keep_together is not None and not is_folder:
        raise ValueError(
            "`keep_together` is for folders of images; arrays have groups_train. "
            f"Received: keep_together={reading.keep_together!r}"
        )
    if is_folder:
        return str(data), read_segmented_folder(data, reading)
    if is_path(data) and str(data).endswith(".npz"):
        arrays = read_npz_arrays(data)
        return str(data), read_segmented_arrays(str(data), arrays, reading)
    if isinstance(data, (tuple, list)) and len(data) == 2:
        data = dict(zip(("x_train", "y_train"), data))
    if not isinstance(data, Mapping):
        given = str(data) if is_path(data) else f"an object of type {type(data)}"
        raise DataError(f"`data` must be {ACCEPTED}. Received: {given}")
    arrays = {key: np.asarray(value) for key, value in data.items()}
    name = "data in memory"
    return name, read_segmented_arrays(name, arrays, reading)


def fitted(
    image: Tensor, labels: Tensor, size: int, canvas: int
) -> tuple[Tensor, Tensor, Tensor]:
    """An image with its labels in the middle of a square.

    Args:
        image: Tensor of shape `(height, width, channels)`.
        labels: Integer tensor of shape `(height, width)`.
        size: Integer, what the longer side is resized to, if it has another length.
        canvas: Integer, height and width of the square.

    Returns:
        Triple of the image, the labels and a boolean tensor, which pixels of the square
        are the image's; zeros are around it.
    """
    image, labels = tf.convert_to_tensor(image), tf.convert_to_tensor(labels)
    longer, channels = tf.reduce_max(tf.shape(labels)), image.shape[-1]

    def resized() -> tuple[Tensor, Tensor]:
        sides = (
            tf.cast(tf.shape(labels), tf.float64) * size / tf.cast(longer, "float64")
        )
        sides = tf.maximum(tf.cast(tf.round(sides), tf.int32), 1)
        small = tf.image.resize(image, sides, antialias=True)
        if image.dtype.is_integer:
            small = tf.round(small)
        near = tf.image.resize(labels[..., None], sides, "nearest")[..., 0]
        return tf.saturate_cast(small, image.dtype), near

    whole = tf.equal(longer, size)
    image, labels = tf.cond(whole, lambda: (image, labels), resized)
    around = canvas - tf.shape(labels)
    before = around // 2
    edges = tf.stack([before, around - before], axis=-1)
    there = tf.pad(tf.ones_like(labels, tf.bool), edges)
    image = tf.pad(image, tf.concat([edges, [[0, 0]]], 0))
    image = tf.ensure_shape(image, (canvas, canvas, channels))
    square = (canvas, canvas)
    labels = tf.ensure_shape(tf.pad(labels, edges), square)
    return image, labels, tf.ensure_shape(there, square)


def _scaled(images: Tensor, labels: Tensor, there: Tensor) -> tuple[Tensor, ...]:
    white = 255.0 if images.dtype == tf.uint8 else 1.0
    return tf.cast(images, tf.float32) / white, labels, tf.cast(there, tf.float32)
