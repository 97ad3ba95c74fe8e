"""Labelled images of one's own: by a name of TFDS, in a folder, or in an .npz file."""

import dataclasses
import os
import pathlib
import re
from collections.abc import Callable

import tensorflow as tf

from symclone_tf.checks import positive_integer
from symclone_tf.data.folders import read_folder
from symclone_tf.data.npz import read_npz
from symclone_tf.data.sources import SPLITS
from symclone_tf.data.tfds import read_tfds
from symclone_tf.errors import DataError

MNIST = "mnist"
LEAST_PIXELS = 16
# What the window takes in which images are shuffled, so that memory stays flat.
SHUFFLED = 2**25
# Beyond which thousands of images fill a computer's memory.
MOST_PIXELS = 512
MOST_LETTERS = 60


@dataclasses.dataclass(frozen=True)
class Images:
    """Labelled images, read when they are asked for.

    Attributes:
        name: String, what `open_images` was given.
        class_names: Tuple of strings, by label.
        size: Integer, height and width of all images in pixels.
        channels: Integer, 1 for gray or 3 for colour.
        counts: Dictionary from `"train"` and `"test"` to how many there are.
        skipped: Tuple of strings, files that could not be read.
        streams: Dictionary from splits to functions that give a `tf.data.Dataset` of
            one image and label at a time, as they are stored.

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
    streams: dict[str, Callable] = dataclasses.field(default=None, repr=False)

    def stream(self, split, size=None) -> tf.data.Dataset:
        """Images one by one, in an order that does not change.

        Args:
            split: String, `"train"` or `"test"`.
            size: Integer, how many; `None` for all.

        Returns:
            `tf.data.Dataset` of pairs: uint8 of shape `(size, size, channels)`, and
            an int64 label.

        Raises:
            ValueError: If there are fewer.
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

    def batches(self, split, batch_size=32, size=None, seed=0) -> tf.data.Dataset:
        """Images as networks take them.

        Args:
            split: String, `"train"`, in another order every epoch, or `"test"`.
            batch_size: Integer.
            size: Integer, how many; `None` for all.
            seed: Integer, of the order.

        Returns:
            `tf.data.Dataset` of pairs: float32 from 0 to 1 of shape
            `(batch, size, size, channels)`, and labels.
        """
        found = self.stream(split, size)
        if split == "train":
            window = shuffled_among(self.size**2 * self.channels, batch_size)
            found = found.shuffle(min(len(found), window), seed=seed)
        return in_batches(found, positive_integer("batch_size", batch_size))


def shuffled_among(pixels, batch_size) -> int:
    """Among how many images each is shuffled, so that memory stays flat.

    Args:
        pixels: Integer, bytes of an image.
        batch_size: Integer, the least.
    """
    return max(batch_size, SHUFFLED // pixels)


def in_batches(images, batch_size) -> tf.data.Dataset:
    """Batches of images from 0 to 1, which are bytes until then.

    Args:
        images: `tf.data.Dataset` of pairs of a uint8 image and a label.
        batch_size: Integer.
    """

    def scaled(images, labels):
        return tf.cast(images, tf.float32) / 255.0, labels

    return (
        images.batch(batch_size)
        .map(scaled, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def fit(image, size):
    """An image in a square: padded if it fits as it is, or else resized to fit.

    Args:
        image: uint8 tensor of shape `(height, width, channels)`.
        size: Integer, pixels.

    Returns:
        uint8 tensor of shape `(size, size, channels)`; zeros around what is not
        square.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    largest = tf.maximum(height, width)

    def resized():
        small = tf.image.resize_with_pad(image, size, size, antialias=True)
        return tf.saturate_cast(tf.round(small), tf.uint8)

    def padded():
        return tf.image.resize_with_crop_or_pad(image, size, size)

    return tf.cond(tf.equal(largest, size), padded, resized)


def open_images(
    data, image_size=None, test_share=0.2, seed=0, strict=False, data_dir=None
) -> Images:
    """Finds labelled images, and checks them.

    - A name of TFDS, as `"cifar10"`: an image classification data set, which is
      downloaded if it is not there. A folder of the same name goes before it, but
      for `"mnist"`, which is always MNIST.
    - A folder with one sub-folder of PNG or JPEG images for each class, or with
      `train` and `test`, each of which has these.
    - An `.npz` file with `x_train` and `y_train`, and perhaps `x_test`, `y_test` and
      `class_names`, as the data sets of Keras have them; nothing in it is unpickled.

    Args:
        data: String or path.
        image_size: Integer, to which images are resized, the shape of what is in
            them kept; `None` for the longer of their own sides, with zeros around
            those that are not square.
        test_share: Float, how much to test on, where the data does not say.
        seed: Integer, of what is tested on then.
        strict: Boolean, whether to refuse files that cannot be read, instead of
            leaving them out.
        data_dir: String or path, where TFDS keeps its data, see `mnist_task`.

    Returns:
        `Images`.

    Raises:
        DataError: If there is no such data, or it is none of labelled images.
        ValueError: If an argument is not accepted.

    Example:

    >>> x = np.zeros((10, 20, 16), "uint8")
    >>> file = pathlib.Path(directory, "stripes.npz")
    >>> np.savez(file, x_train=x, y_train=np.arange(10) % 2)
    >>> images = open_images(file)
    >>> images.size, images.counts
    (20, {'train': 8, 'test': 2})
    """
    if not 0 < test_share < 1:
        raise ValueError(
            "`test_share` must be more than 0 and less than 1. "
            f"Received: test_share={test_share}"
        )
    if image_size is not None:
        check_image_size(positive_integer("image_size", image_size))
    found = _read(data, test_share, seed, strict, data_dir)
    if len(found.class_names) < 2:
        raise DataError(
            f"{data} has one class only, {found.class_names[0]}: there is nothing to "
            "tell apart"
        )
    size = image_size or max(_only_size(data, found.sizes))
    check_image_size(size)
    return Images(
        str(data),
        tuple(found.class_names),
        size,
        found.channels,
        {split: found.counts[split] for split in SPLITS},
        tuple(found.skipped),
        found.streams,
    )


def _read(data, test_share, seed, strict, data_dir):
    path = pathlib.Path(data)
    # What is trained on unless something else is named must not hang on the folder
    # that a command is started in.
    if data == MNIST:
        return read_tfds(MNIST, data_dir, test_share)
    if path.is_dir():
        return read_folder(path, test_share, seed, strict)
    if path.suffix == ".npz":
        return read_npz(path, test_share, seed)
    if path.exists():
        raise DataError(
            f"{data} is neither a folder nor an .npz file: images are in one of "
            "these, or have a name of tensorflow-datasets"
        )
    return read_tfds(str(data), data_dir, test_share)


def short_name(data) -> str:
    """A name of images as names of artifacts and of tables have it.

    Args:
        data: String or path, see `open_images`.

    Returns:
        String: the name of TFDS, of the folder, or of the file without its suffix;
        hyphens in the place of what an artifact's name may not have.

    Example:

    >>> short_name("../my photos/blood cells.npz")
    'blood-cells'
    """
    # Also of "." and of "..", which have no name.
    path = pathlib.Path(os.path.abspath(data))
    name = path.stem if path.suffix == ".npz" else path.name
    fit = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:MOST_LETTERS]
    return fit or "images"


def check_image_size(size) -> None:
    """Refuses images that are too small for the networks, or too large for memory.

    Raises:
        ValueError: If they are.
    """
    if not LEAST_PIXELS <= size <= MOST_PIXELS:
        raise ValueError(
            f"`image_size` must be from {LEAST_PIXELS} to {MOST_PIXELS} pixels. "
            f"Received: images of {size}"
        )


def _only_size(data, sizes) -> tuple[int, int]:
    if len(sizes) > 1:
        first, second = sorted(sizes)[:2]
        raise DataError(
            f"{data} has images of {len(sizes)} sizes, as {_size(first)} and "
            f"{_size(second)}: say to which they are resized, `image_size`"
        )
    (size,) = sizes
    return size


def _size(pair) -> str:
    return "×".join(map(str, pair))
