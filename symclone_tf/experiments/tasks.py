"""Labelled images, moved by a group as a task asks: MNIST's, and any others."""

import tensorflow as tf

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.data.images import in_batches, open_images, shuffled_among
from symclone_tf.data.sources import MNIST, SPLITS
from symclone_tf.experiments.task_transformations import (
    TASKS,
    canvas_and_translation,
    centred,
    mover,
)
from symclone_tf.symmetry import get_group

# What moved images may take in memory, as bytes, to be kept there.
CACHED = 2**28


def image_task(
    images,
    task,
    group="c4",
    split="train",
    size=None,
    canvas=None,
    max_translation=None,
    moved=None,
    batch_size=64,
    seed=0,
) -> tf.data.Dataset:
    """Labelled images, moved by a group as a task asks.

    - `"invariance"` trains on images as they are and tests on images moved by
      a random element of the group: the label stays.
    - `"breaking"` moves both, and the label tells how: it grows by the number of
      classes for the second half of the group's elements. These are half and three
      quarter turns for C4. T(2) moves images left or right, and right changes the
      label.

    Under T(2), shifts are whole pixels, uniform up to `max_translation`; zeros move
    in. Each image is moved once, the same way in every epoch. Moved images are
    cached in memory up to 256 MB, and training images shuffled anew for every epoch.
    Of more images, each is read again in every epoch, and they are shuffled within a
    window of 32 MB: memory does not grow with their number.

    Args:
        images: `Images`, see `open_images`.
        task: String, `"invariance"` or `"breaking"`.
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        split: String, `"train"` or `"test"`.
        size: Integer, how many images to take; `None` for all.
        canvas: Integer, height and width in pixels, images padded with zeros;
            `None` for 12 more than they have under T(2), and for their own otherwise.
        max_translation: Integer, pixels; `None` for 6 under T(2).
        moved: Boolean, whether to move images; `None` for what the task says.
        batch_size: Integer.
        seed: Integer, of the moves and of the order; the order depends on
            `tf.random.set_seed` too, if that was called.

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
    [(TensorShape([8, 28, 28, 3]), 8)]

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
    if moved is None:
        moved = task == "breaking" or split == "test"

    found = images.stream(split, size)
    count = len(images.class_names)
    move = (
        mover(task, group, canvas, max_translation, count) if moved else centred(canvas)
    )
    stream = 2 * seed + SPLITS.index(split)
    found = found.enumerate().map(
        lambda index, image: move(*image, tf.stack([stream, index])),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    # Pixels are cached and shuffled as bytes, a quarter of the memory.
    found, window = _kept(found, canvas**2 * images.channels, batch_size)
    if split == "train":
        found = found.shuffle(window, seed=seed)
    return in_batches(found, batch_size)


def _kept(found, pixels, batch_size):
    """Images in memory if they are few, and among how many they are shuffled."""
    total = len(found)
    if total * pixels <= CACHED:
        return found.cache(), total
    return found, min(total, shuffled_among(pixels, batch_size))


def mnist_task(
    task,
    group="c4",
    split="train",
    size=None,
    canvas=None,
    max_translation=None,
    moved=None,
    batch_size=64,
    seed=0,
    data_dir=None,
) -> tf.data.Dataset:
    """MNIST's digits, moved by a group as a task asks, see `image_task`.

    Args:
        task: String, see `image_task`.
        group: String, see `image_task`.
        split: String, see `image_task`.
        size: Integer, see `image_task`.
        canvas: Integer, see `image_task`: `None` for 40 under T(2) and 28 otherwise.
        max_translation: Integer, see `image_task`.
        moved: Boolean, see `image_task`.
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
        moved,
        batch_size,
        seed,
    )
