"""Tasks: labelled images that a group transforms, MNIST's or any others."""

import tensorflow as tf

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.data.batches import in_batches, shuffled_among
from symclone_tf.data.images import Images, open_images
from symclone_tf.data.sources import MNIST, SPLITS
from symclone_tf.experiments.task_transformations import (
    TASKS,
    canvas_and_translation,
    centring,
    random_transformation,
)
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.types import Path

# Bytes of transformed images that are cached in memory at most.
CACHED = 2**28


def image_task(
    images: Images,
    task: str,
    group: str | PointGroup = "c4",
    split: str = "train",
    size: int | None = None,
    canvas: int | None = None,
    max_translation: int | None = None,
    transformed: bool | None = None,
    batch_size: int = 64,
    seed: int = 0,
    first: int = 0,
) -> tf.data.Dataset:
    """Labelled images that a group transforms, as a task needs it.

    - `"invariance"` trains on images as they are and tests on images transformed by
      a random element of the group; labels stay the same.
    - `"breaking"` transforms both, and labels depend on the transformation: they grow
      by the number of classes for the second half of the group's elements. For C4
      these are rotations by 180° and 270°. T(2) translates images left or right, and
      labels grow for translations to the right.

    Groups of other rotations than by 90° and its multiples, as C8, rotate images by any
    angle, from 0° to 360°, and those with reflections, as D8, reflect half of them
    before. For *breaking*, labels grow for rotations by 180° or more; with
    reflections, for reflected images, whatever the angle. Images are interpolated
    between pixels, and all of them, transformed or not, are cut to the disc about the
    centre, with zeros outside, which tells no angle.

    Translations are uniform, by whole pixels up to `max_translation`, with zeros
    outside of the image. Each image is transformed once, in the same way in every
    epoch. Transformed images are cached in memory up to 256 MB, and training images
    are shuffled anew for every epoch. If they take more, images are read again in
    every epoch, and shuffled within a window of 32 MB: memory does not grow with
    their number.

    Args:
        images: `Images`, see `open_images`.
        task: String, `"invariance"` or `"breaking"`.
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`.
        split: String, `"train"` or `"test"`.
        size: Integer, how many images to take; `None` for all.
        canvas: Integer, height and width in pixels to which images are padded with
            zeros; `None` for 12 more than images have under T(2), and for their own
            size otherwise.
        max_translation: Integer, pixels; `None` for 6 under T(2).
        transformed: Boolean, whether to transform images; `None` for what the task
            does.
        batch_size: Integer.
        seed: Integer, of the transformations and of the order; the order also depends
            on `tf.random.set_seed`, if that was called.
        first: Integer, how many images to leave out before those that are taken.

    Returns:
        `tf.data.Dataset` of batches `(image, label)`: float32 in [0, 1] of
        shape `(batch, canvas, canvas, channels)`, and int64 of shape `(batch,)`.

    Raises:
        ValueError: If an argument is not accepted.

    Example:

    >>> file = f"{directory}/noise.npz"
    >>> noise = np.random.default_rng(0).integers(256, size=(40, 16, 16, 3))
    >>> np.savez(file, x_train=noise.astype("uint8"), y_train=np.arange(40) % 3)
    >>> dataset = image_task(open_images(file), "breaking", "t2", "test")
    >>> [(batch.shape, len(labels)) for batch, labels in dataset]
    [(TensorShape([9, 28, 28, 3]), 9)]

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 4
    """
    one_of("task", task, TASKS)
    one_of("split", split, SPLITS)
    group = get_group(group)
    canvas, max_translation = canvas_and_translation(
        group, canvas, max_translation, images.size
    )
    positive_integer("batch_size", batch_size)
    if transformed is None:
        transformed = task == "breaking" or split == "test"

    found = images.stream(split, size if size is None else first + size).skip(first)
    count = len(images.class_names)
    transform = centring(canvas, group)
    if transformed:
        transform = random_transformation(task, group, canvas, max_translation, count)
    stream = 2 * seed + SPLITS.index(split)
    found = found.enumerate().map(
        lambda index, pair: transform(pair[0], pair[1], tf.stack([stream, index])),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    # Pixels that are bytes are cached and shuffled so, a quarter of the memory.
    found, window = _cached(found, images.bytes_at(canvas), batch_size)
    if split == "train":
        found = found.shuffle(window, seed=seed)
    return in_batches(found, batch_size)


def _cached(
    found: tf.data.Dataset, each: int, batch_size: int
) -> tuple[tf.data.Dataset, int]:
    """Images, cached if they are few, and the window in which they are shuffled."""
    total = len(found)
    if total * each <= CACHED:
        return found.cache(), total
    return found, min(total, shuffled_among(each, batch_size))


def mnist_task(
    task: str,
    group: str | PointGroup = "c4",
    split: str = "train",
    size: int | None = None,
    canvas: int | None = None,
    max_translation: int | None = None,
    transformed: bool | None = None,
    batch_size: int = 64,
    seed: int = 0,
    data_dir: Path | None = None,
) -> tf.data.Dataset:
    """MNIST's digits that a group transforms, as a task needs it, see `image_task`.

    Args:
        task: String, see `image_task`.
        group: String, see `image_task`.
        split: String, see `image_task`.
        size: Integer, see `image_task`.
        canvas: Integer, see `image_task`: `None` for 40 under T(2) and 28 otherwise.
        max_translation: Integer, see `image_task`.
        transformed: Boolean, see `image_task`.
        batch_size: Integer, see `image_task`.
        seed: Integer, see `image_task`.
        data_dir: String or path, where TFDS keeps its data; `None` for the
            environment's `TFDS_DATA_DIR`, or else TFDS' default.

    Returns:
        `tf.data.Dataset`, see `image_task`, with one channel.

    Raises:
        ValueError: If an argument is not accepted.
        DataError: If MNIST is not there and cannot be downloaded.

    Example:

    >>> dataset = mnist_task("breaking", "c4", "test", size=100)  # doctest: +SKIP
    >>> [len(labels) for images, labels in dataset]  # doctest: +SKIP
    [64, 36]

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 4
    """
    one_of("task", task, TASKS)
    one_of("split", split, SPLITS)
    canvas_and_translation(group, canvas, max_translation)
    positive_integer("batch_size", batch_size)
    if size is not None:
        positive_integer("size", size)
    return image_task(
        open_images(MNIST, data_dir=data_dir),
        task,
        group,
        split,
        size,
        canvas,
        max_translation,
        transformed,
        batch_size,
        seed,
    )
