"""Labelled images of any source, resized to squares and read when needed."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from symclone_tf.checks import positive_integer
from symclone_tf.data.batches import fit, in_batches, shuffled_among
from symclone_tf.data.registry import find_source
from symclone_tf.data.sources import SPLITS, Reading
from symclone_tf.data.splitting import compiled
from symclone_tf.errors import DataError
from symclone_tf.types import Path

LEAST_PIXELS = 16
# With more, thousands of images fill a computer's memory.
MOST_PIXELS = 512


@dataclasses.dataclass(frozen=True)
class Images:
    """Labelled images, read when they are needed.

    Attributes:
        name: String, what `open_images` was given, or a word for it.
        class_names: Tuple of strings, by label.
        size: Integer, height and width of all images in pixels.
        channels: Integer, 1 for gray or 3 for colour.
        counts: Dictionary from `"train"` and `"test"` to numbers of images.
        skipped: Tuple of strings, files that could not be read.
        streams: Dictionary from splits to functions that return a `tf.data.Dataset`
            of one image and label at a time, as they are stored.
        notes: Tuple of strings, what was changed or left out, with counts.
        dtype: String, of the images of streams: `"uint8"`, from 0 to 255, or
            `"float32"`, from 0 to 1, of images of more than 256 levels.

    Example:

    >>> file = f"{directory}/white.npz"
    >>> white = np.full((10, 16, 16), 255, "uint8")
    >>> np.savez(file, x_train=white, y_train=np.arange(10) % 2)
    >>> images = open_images(file)
    >>> images.class_names, images.channels
    (('0', '1'), 1)
    >>> [(x.shape, float(keras.ops.max(x))) for x, label in images.batches("test")]
    [(TensorShape([2, 16, 16, 1]), 1.0)]
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

    def stream(self, split: str, size: int | None = None) -> tf.data.Dataset:
        """Images one by one, in an order that does not change.

        Args:
            split: String, `"train"` or `"test"`.
            size: Integer, how many images; `None` for all.

        Returns:
            `tf.data.Dataset` of pairs: images of shape `(size, size, channels)`, of
            type `dtype`, and an int64 label.

        Raises:
            ValueError: If there is no such split, or it has fewer images.
        """
        if split not in SPLITS:
            raise ValueError(f"`split` must be train or test. Received: split={split}")
        count = self.counts[split]
        if size is not None and positive_integer("size", size) > count:
            raise ValueError(
                f"`size` must be at most {count}, the {split} images of {self.name}. "
                f"Received: size={size}"
            )
        shape = (self.size, self.size, self.channels)

        def fitted(image, label):
            return tf.ensure_shape(fit(image, self.size), shape), label

        found = self.streams[split]().map(fitted, num_parallel_calls=tf.data.AUTOTUNE)
        total = count if size is None else size
        return found.take(total).apply(tf.data.experimental.assert_cardinality(total))

    def bytes_at(self, size: int) -> int:
        """How much memory an image takes.

        Args:
            size: Integer, its height and width in pixels.

        Returns:
            Integer, bytes.

        Example:

        >>> counts = {"train": 800, "test": 200}
        >>> Images("cells.npz", ("ill", "well"), 64, 3, counts).bytes_at(28)
        2352
        """
        return size**2 * self.channels * tf.as_dtype(self.dtype).size

    def batches(
        self, split: str, batch_size: int = 32, size: int | None = None, seed: int = 0
    ) -> tf.data.Dataset:
        """Batches of images, scaled to [0, 1], as networks take them.

        Args:
            split: String, `"train"`, shuffled anew for every epoch, or `"test"`.
            batch_size: Integer.
            size: Integer, how many images; `None` for all.
            seed: Integer, of the order.

        Returns:
            `tf.data.Dataset` of pairs: float32 from 0 to 1 of shape
            `(batch, size, size, channels)`, and labels.
        """
        found = self.stream(split, size)
        if split == "train":
            window = shuffled_among(self.bytes_at(self.size), batch_size)
            found = found.shuffle(min(len(found), window), seed=seed)
        return in_batches(found, positive_integer("batch_size", batch_size))


def open_images(
    data: Path | tuple[Any, Any] | Mapping[str, Any] | tf.data.Dataset,
    image_size: int | None = None,
    test_share: float = 0.2,
    seed: int = 0,
    strict: bool = False,
    data_dir: Path | None = None,
    keep_together: str | None = None,
) -> Images:
    """Opens labelled images of any source, and checks them.

    - The name of a TFDS image classification data set, as `"cifar10"`, which is
      downloaded if it is missing. A folder of the same name takes precedence, except
      over `"mnist"`, which is always MNIST.
    - A folder with one sub-folder of PNG, JPEG, TIFF, FITS, DICOM or NIfTI images for
      each class, or with `train` and `test`, each of which has these.
    - An `.npz` file with `x_train` and `y_train`, and perhaps `x_test`, `y_test` and
      `class_names`, as the data sets of Keras have them; nothing in it is unpickled.
      `groups_train`, or `groups`, has an integer or string for each training image:
      images of one, as of one patient, are all training or all test images.
    - A pair of arrays `(images, labels)`, or a dictionary of arrays with the names
      of an `.npz` file's. Images have shape `(count, height, width)` or
      `(count, height, width, channels)`.
    - A `tf.data.Dataset` of pairs `(image, label)`, batched or not, or a dictionary
      with one as `"train"`, and perhaps `"test"`, `"class_names"` and groups. It is
      read once to check it, images stay in its order, and each pass must have the same
      images.
    - Whatever a class takes that `Source.register` has registered.

    Bytes stay bytes. Of other unsigned integers, 2ⁿ − 1 is white, with the smallest n
    of 8, 10, 12, 14 and 16 that holds the largest pixel of all images; fractions
    from 0 to 1 stay as they are. Of any others the smallest of all images becomes 0,
    and the largest 1. `Images.notes` says all that was changed or left out.

    Args:
        data: One of these. Experiments and the command line, which write down what
            they were made with, accept strings and paths.
        image_size: Integer, pixels to which images are resized without stretching
            them; `None` for the longer of their own sides. Images that are not square
            are padded with zeros.
        test_share: Float, the share of test images where the data has none.
        seed: Integer, of the choice of these.
        strict: Boolean, whether to refuse files that cannot be read, instead of
            leaving them out.
        data_dir: String or path, where TFDS keeps its data; `None` for the
            environment's `TFDS_DATA_DIR`, or else TFDS' default.
        keep_together: String, for folders: a regular expression that is searched in
            each file's path within the folder. Files of which it finds the same, that
            is its part `(?P<group>…)`, or else its first part in parentheses, or all
            of it, are all training or all test images. `None` if each file may go its
            own way.

    Returns:
        `Images`.

    Raises:
        DataError: If there is no such data, or it is not labelled images.
        ValueError: If an argument is not accepted.

    Example:

    >>> x = np.zeros((10, 20, 16), "uint8")
    >>> file = directory / "stripes.npz"
    >>> np.savez(file, x_train=x, y_train=np.arange(10) % 2)
    >>> images = open_images(file)
    >>> images.size, images.counts
    (20, {'train': 8, 'test': 2})
    >>> open_images((x, np.arange(10) % 2)).counts
    {'train': 8, 'test': 2}
    """
    check_reading(test_share, seed, image_size, keep_together)
    source = find_source(data)
    if keep_together is not None and not source.has_paths:
        raise ValueError(
            "`keep_together` is for folders of images; arrays have groups_train. "
            f"Received: keep_together={keep_together!r} with {source.name}"
        )
    reading = Reading(test_share, seed, strict, data_dir, keep_together)
    found = source.read(reading)
    if len(found.class_names) < 2:
        raise DataError(
            f"{source.name} has one class only, {found.class_names[0]}: a classifier "
            "needs two"
        )
    size = image_size or max(only_size(source.name, found.sizes))
    check_image_size(size)
    return Images(
        source.name,
        tuple(found.class_names),
        size,
        found.channels,
        {split: found.counts[split] for split in SPLITS},
        tuple(found.skipped),
        found.streams,
        tuple(found.notes),
        found.dtype,
    )


def check_reading(
    test_share: float, seed: int, image_size: int | None, keep_together: str | None
) -> None:
    """Refuses options of reading that no source accepts.

    Raises:
        ValueError: If there are such.
    """
    if not isinstance(test_share, (int, float)) or not 0 < test_share < 1:
        raise ValueError(
            "`test_share` must be more than 0 and less than 1. "
            f"Received: test_share={test_share}"
        )
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(
            f"`seed` must be an integer of at least 0. Received: seed={seed!r}"
        )
    if image_size is not None:
        check_image_size(positive_integer("image_size", image_size))
    if keep_together is not None:
        compiled(keep_together)


def check_image_size(size: int) -> None:
    """Refuses images that are too small for the networks, or too large for memory.

    Raises:
        ValueError: If they are.
    """
    if not LEAST_PIXELS <= size <= MOST_PIXELS:
        raise ValueError(
            f"`image_size` must be from {LEAST_PIXELS} to {MOST_PIXELS} pixels. "
            f"Received: images of {size}"
        )


def only_size(name: str, sizes: set[tuple[int, int]]) -> tuple[int, int]:
    """The size of all images.

    Raises:
        DataError: If they have several.
    """
    if len(sizes) > 1:
        first, second = sorted(sizes)[:2]
        raise DataError(
            f"{name} has images of {len(sizes)} sizes, as {_size(first)} and "
            f"{_size(second)}: give `image_size`, to which they are resized"
        )
    (size,) = sizes
    return size


def _size(pair: tuple[int, int]) -> str:
    return "×".join(map(str, pair))
