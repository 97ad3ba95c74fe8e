"""MNIST through tensorflow-datasets, moved by a group."""

import contextlib
import sys
import urllib.error
import urllib.request

import tensorflow as tf

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.errors import DataError
from symclone_tf.symmetry import get_group

TASKS = ("invariance", "breaking")
SPLITS = ("train", "test")
DIGITS = 10
DIGIT_SIZE = 28
# A canvas beyond which thousands of digits fill a computer's memory.
MOST_PIXELS = 512
DOWNLOADS = "https://storage.googleapis.com"


def classes(task) -> int:
    """How many classes a task has.

    Example:

    >>> classes("breaking")
    20
    """
    one_of("task", task, TASKS)
    return DIGITS if task == "invariance" else 2 * DIGITS


def canvas_and_shift(group, canvas=None, max_shift=None) -> tuple[int, int]:
    """The size of the images, and how far T(2) moves them, with defaults.

    Args:
        group: String or `PointGroup`.
        canvas: Integer, pixels; `None` for 40 under T(2) and 28 otherwise.
        max_shift: Integer, pixels; `None` for 6 under T(2). Only T(2) shifts.

    Returns:
        Pair of integers.

    Raises:
        ValueError: If a size is not accepted.

    Example:

    >>> canvas_and_shift("t2")
    (40, 6)
    """
    shifts = get_group(group).is_trivial
    if canvas is None:
        canvas = 40 if shifts else DIGIT_SIZE
    if positive_integer("canvas", canvas) < DIGIT_SIZE:
        raise ValueError(
            f"`canvas` must be at least {DIGIT_SIZE}, the size of MNIST's images. "
            f"Received: canvas={canvas}"
        )
    if canvas > MOST_PIXELS:
        raise ValueError(
            f"`canvas` must be at most {MOST_PIXELS}. Received: canvas={canvas}"
        )
    if not shifts:
        if max_shift:
            raise ValueError(
                "`max_shift` is for `group` t2; the others turn images. "
                f"Received: max_shift={max_shift}"
            )
        return canvas, 0
    max_shift = positive_integer("max_shift", 6 if max_shift is None else max_shift)
    if 2 * max_shift >= canvas:
        raise ValueError(
            "`max_shift` must be less than half of `canvas`. "
            f"Received: max_shift={max_shift}, canvas={canvas}"
        )
    return canvas, max_shift


def mnist_task(
    task,
    group="c4",
    split="train",
    size=None,
    canvas=None,
    max_shift=None,
    moved=None,
    batch_size=64,
    seed=0,
    data_dir=None,
) -> tf.data.Dataset:
    """MNIST's digits, moved by a group as a task asks.

    - `"invariance"` trains on digits as they are and tests on digits moved by
      a random element of the group: the label stays.
    - `"breaking"` moves both, and the label tells how: it grows by 10 for the
      second half of the group's elements. These are half and three quarter
      turns for C4. T(2) moves digits left or right, and right adds 10.

    Under T(2), shifts are whole pixels, uniform up to `max_shift`; zeros move
    in. Each digit is moved once, the same way in every epoch. The moved digits
    are cached in memory, and training digits shuffled anew for every epoch.

    Args:
        task: String, `"invariance"` or `"breaking"`.
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        split: String, `"train"` or `"test"`.
        size: Integer, how many digits to take; `None` for all.
        canvas: Integer, height and width in pixels, digits padded with zeros;
            `None` for 40 under T(2) and 28 otherwise.
        max_shift: Integer, pixels; `None` for 6 under T(2).
        moved: Boolean, whether to move digits; `None` for what the task says.
        batch_size: Integer.
        seed: Integer, of the moves and of the order; the order depends on
            `tf.random.set_seed` too, if that was called.
        data_dir: String or path, where TFDS keeps its data; `None` for the
            environment's `TFDS_DATA_DIR`, or else TFDS' default.

    Returns:
        `tf.data.Dataset` of batches `(image, label)`: float32 in [0, 1] of
        shape `(batch, canvas, canvas, 1)`, and int64 of shape `(batch,)`.

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
    group = get_group(group)
    canvas, max_shift = canvas_and_shift(group, canvas, max_shift)
    positive_integer("batch_size", batch_size)
    if size is not None:
        positive_integer("size", size)
    if moved is None:
        moved = task == "breaking" or split == "test"

    digits = _load(split, size, data_dir)
    move = _mover(task, group, canvas, max_shift) if moved else _centred(canvas)
    stream = 2 * seed + SPLITS.index(split)
    digits = digits.enumerate().map(
        lambda index, digit: move(*digit, tf.stack([stream, index])),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    digits = digits.cache()
    if split == "train":
        digits = digits.shuffle(len(digits), seed=seed)
    # Pixels are cached and shuffled as bytes, a quarter of the memory.
    return (
        digits.batch(batch_size)
        .map(_scaled, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def _load(split, size, data_dir):
    import tensorflow_datasets as tfds

    builder = tfds_builder("mnist", data_dir)
    digits = builder.info.splits[split].num_examples
    if size is not None and size > digits:
        raise ValueError(
            f"`size` must be at most {digits}, MNIST's {split} digits. "
            f"Received: size={size}"
        )
    return builder.as_dataset(
        split=split if size is None else f"{split}[:{size}]",
        as_supervised=True,
        # The moved digits are what is worth keeping.
        read_config=tfds.ReadConfig(try_autocache=False),
    )


def tfds_builder(name, data_dir=None):
    """A data set of TFDS, downloaded and prepared if it is not there.

    Args:
        name: String.
        data_dir: String or path, see `mnist_task`.

    Raises:
        DataError: If there is no such data set, or it is not to be had.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        raise DataError(
            f"{name} is no data set of tensorflow-datasets, and there is no such "
            "folder or .npz file"
        ) from error
    if not builder.data_path.exists():
        _download(builder)
    return builder


def _download(builder):
    title = "MNIST" if builder.name == "mnist" else builder.name
    try:
        # TFDS tries for minutes before it gives up, and leaves folders behind.
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(DOWNLOADS, timeout=10).close()
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare()
    except Exception as error:
        # Whatever networks, proxies and checksums raise, the ways out are few.
        reason = str(error).strip().partition("\n")[0][:200]
        raise DataError(
            f"{title} is not in {builder.data_path.parent.parent}, and cannot be "
            f"downloaded ({reason}). Connect to the internet once, or name a folder "
            "where tensorflow-datasets has prepared it, with `data_dir` or "
            "TFDS_DATA_DIR in the environment"
        ) from error


def _scaled(images, labels):
    return tf.cast(images, tf.float32) / 255.0, labels


def _centred(canvas):
    def centre(image, label, seed):
        return tf.image.resize_with_crop_or_pad(image, canvas, canvas), label

    return centre


def _mover(task, group, canvas, max_shift):
    breaking = task == "breaking"
    if group.is_trivial:
        return _shifter(canvas, max_shift, breaking)
    return _turner(group, canvas, breaking)


def _turner(group, canvas, breaking):
    """Moves by a random element, of which the second half change the label."""
    permutations = tf.constant(group.image_permutations(canvas))

    def turn(image, label, seed):
        element = tf.random.stateless_uniform((), seed, 0, group.order, tf.int32)
        image = tf.image.resize_with_crop_or_pad(image, canvas, canvas)
        pixels = tf.gather(tf.reshape(image, (-1,)), permutations[element])
        if breaking:
            label += DIGITS * tf.cast(element >= group.order // 2, label.dtype)
        return tf.reshape(pixels, (canvas, canvas, 1)), label

    return turn


def _shifter(canvas, max_shift, breaking):
    """Shifts by whole pixels; for breaking left or right, by one at least."""

    def shift(image, label, seed):
        if breaking:
            distance, side = tf.unstack(_uniform(seed, [max_shift, 2]))
            rows, columns = 0, (2 * side - 1) * (distance + 1)
            label += DIGITS * tf.cast(side, label.dtype)
        else:
            steps = 2 * max_shift + 1
            rows, columns = tf.unstack(_uniform(seed, [steps, steps]) - max_shift)
        wide = canvas + 2 * max_shift
        image = tf.image.resize_with_crop_or_pad(image, wide, wide)
        image = tf.image.crop_to_bounding_box(
            image, max_shift - rows, max_shift - columns, canvas, canvas
        )
        return image, label

    return shift


def _uniform(seed, counts):
    """An integer from 0 up to each count, that excluded."""
    uniform = tf.random.stateless_uniform((len(counts),), seed)
    return tf.cast(uniform * tf.cast(counts, tf.float32), tf.int32)
