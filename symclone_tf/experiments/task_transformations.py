"""How a task moves images, and what it calls them then."""

import tensorflow as tf

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.data.images import LEAST_PIXELS, MOST_PIXELS
from symclone_tf.symmetry import get_group

TASKS = ("invariance", "breaking")
"""What networks are trained for, to keep a symmetry or to break it: `image_task`."""

DIGITS = 10
DIGIT_SIZE = 28
# Zeros on each side of what T(2) shifts, and how far it does, in pixels.
MARGIN = SHIFT = 6


def classes(task, count=DIGITS) -> int:
    """How many classes a task has.

    Args:
        task: String, `"invariance"` or `"breaking"`.
        count: Integer, how many its images have.

    Example:

    >>> classes("breaking"), classes("breaking", count=3)
    (20, 6)
    """
    one_of("task", task, TASKS)
    return count if task == "invariance" else 2 * count


def task_class_names(task, group, names) -> list[str]:
    """What the classes of a task are called.

    Args:
        task: String, `"invariance"` or `"breaking"`.
        group: String or `PointGroup`.
        names: Sequence of strings, of the classes of its images.

    Returns:
        List of strings: for *breaking*, those of the second half of the group's
        moves say so.

    Example:

    >>> task_class_names("breaking", "t2", ["cat", "dog"])
    ['cat', 'dog', 'cat, moved right', 'dog, moved right']
    """
    one_of("task", task, TASKS)
    group = get_group(group)
    if task == "invariance":
        return list(names)
    trainable_part = group.element_titles[group.order // 2 :]
    if group.is_trivial:
        moved = "moved right"
    elif all(move.startswith(trainable_part[0]) for move in trainable_part):
        moved = trainable_part[0]
    else:
        moved = " or ".join(trainable_part)
    return [*names, *(f"{name}, {moved}" for name in names)]


def canvas_and_translation(
    group, canvas=None, max_translation=None, image_size=DIGIT_SIZE
) -> tuple[int | None, int]:
    """The size of the network's images, and how far T(2) moves them, with defaults.

    Args:
        group: String or `PointGroup`.
        canvas: Integer, pixels; `None` for 12 more than the images under T(2), at
            most 512, and as many as they have otherwise.
        max_translation: Integer, pixels; `None` for 6 under T(2). Only T(2) shifts.
        image_size: Integer, height and width of the images in pixels; `None` where
            it is not known yet, to check what can be checked without it.

    Returns:
        Pair of integers; the first is `None` where neither size is known.

    Raises:
        ValueError: If a size is not accepted.

    Example:

    >>> canvas_and_translation("t2")
    (40, 6)
    """
    shifts = get_group(group).is_trivial
    if canvas is None and image_size is not None:
        margin = 2 * MARGIN if shifts else 0
        canvas = min(image_size + margin, MOST_PIXELS)
    if canvas is not None:
        _check_canvas(canvas, image_size)
    if not shifts:
        if max_translation:
            raise ValueError(
                "`max_translation` is for `group` t2; the others turn images. "
                f"Received: max_shift={max_translation}"
            )
        return canvas, 0
    max_translation = positive_integer(
        "max_translation", SHIFT if max_translation is None else max_translation
    )
    if canvas is not None and 2 * max_translation >= canvas:
        raise ValueError(
            "`max_translation` must be less than half of `canvas`. "
            f"Received: max_shift={max_translation}, canvas={canvas}"
        )
    return canvas, max_translation


def _check_canvas(canvas, image_size) -> None:
    least = LEAST_PIXELS if image_size is None else image_size
    if positive_integer("canvas", canvas) < least:
        raise ValueError(
            f"`canvas` must be at least {least}, the size of the images. "
            f"Received: canvas={canvas}"
        )
    if canvas > MOST_PIXELS:
        raise ValueError(
            f"`canvas` must be at most {MOST_PIXELS}. Received: canvas={canvas}"
        )


def centred(canvas):
    """A function that puts an image in the middle of a canvas, and its label.

    Args:
        canvas: Integer, pixels.

    Returns:
        Function of an image, a label and a seed.
    """

    def centre(image, label, seed):
        return tf.image.resize_with_crop_or_pad(image, canvas, canvas), label

    return centre


def mover(task, group, canvas, max_translation, count):
    """A function that moves an image as a task asks, and its label.

    Args:
        task: String, `"invariance"` or `"breaking"`.
        group: `PointGroup`.
        canvas: Integer, pixels.
        max_translation: Integer, pixels.
        count: Integer, how many classes the images have.

    Returns:
        Function of an image of any number of channels, a label, and a seed, from
        which the move is drawn.
    """
    added = count if task == "breaking" else 0
    if group.is_trivial:
        return _shifter(canvas, max_translation, added)
    return _turner(group, canvas, added)


def _turner(group, canvas, added):
    """Moves by a random element, of which the second half change the label."""
    permutations = tf.constant(group.image_permutations(canvas))

    def turn(image, label, seed):
        element = tf.random.stateless_uniform((), seed, 0, group.order, tf.int32)
        image = tf.image.resize_with_crop_or_pad(image, canvas, canvas)
        channels = image.shape[-1]
        pixels = tf.gather(tf.reshape(image, (-1, channels)), permutations[element])
        if added:
            label += added * tf.cast(element >= group.order // 2, label.dtype)
        return tf.reshape(pixels, (canvas, canvas, channels)), label

    return turn


def _shifter(canvas, max_translation, added):
    """Shifts by whole pixels; for breaking left or right, by one at least."""

    def shift(image, label, seed):
        if added:
            distance, side = tf.unstack(_uniform(seed, [max_translation, 2]))
            rows, columns = 0, (2 * side - 1) * (distance + 1)
            label += added * tf.cast(side, label.dtype)
        else:
            steps = 2 * max_translation + 1
            rows, columns = tf.unstack(_uniform(seed, [steps, steps]) - max_translation)
        wide = canvas + 2 * max_translation
        image = tf.image.resize_with_crop_or_pad(image, wide, wide)
        image = tf.image.crop_to_bounding_box(
            image, max_translation - rows, max_translation - columns, canvas, canvas
        )
        return image, label

    return shift


def _uniform(seed, counts):
    """An integer from 0 up to each count, that excluded."""
    uniform = tf.random.stateless_uniform((len(counts),), seed)
    return tf.cast(uniform * tf.cast(counts, tf.float32), tf.int32)
