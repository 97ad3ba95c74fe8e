"""How a task transforms images, and the classes of the results."""

from collections.abc import Callable, Sequence
from typing import overload

import tensorflow as tf

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.data.images import LEAST_PIXELS, MOST_PIXELS
from symclone_tf.experiments.image_rotations import (
    random_rotation,
    reflects,
    within_disc,
)
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.types import Tensor

TASKS = ("invariance", "breaking")
"""Tasks that need a network to preserve or to break a symmetry, see `image_task`."""

DIGITS = 10
DIGIT_SIZE = 28
# Zeros on each side of images, and the largest translation, under T(2), in pixels.
MARGIN = TRANSLATION = 6

LabelledTransformation = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def task_class_count(task: str, count: int = DIGITS) -> int:
    """The number of classes of a task.

    Args:
        task: String, `"invariance"` or `"breaking"`.
        count: Integer, the number of classes of its images.

    Returns:
        Integer.

    Example:

    >>> task_class_count("breaking"), task_class_count("breaking", count=3)
    (20, 6)
    """
    one_of("task", task, TASKS)
    return count if task == "invariance" else 2 * count


def task_class_names(
    task: str, group: str | PointGroup, names: Sequence[str]
) -> list[str]:
    """The names of the classes of a task.

    Args:
        task: String, `"invariance"` or `"breaking"`.
        group: String or `PointGroup`.
        names: Sequence of strings, the names of the classes of its images.

    Returns:
        List of strings. For *breaking*, names of images with another label say how
        they are transformed: by the second half of the group's elements or, of
        rotations by any angle, by 180° or more.

    Example:

    >>> task_class_names("breaking", "t2", ["cat", "dog"])
    ['cat', 'dog', 'cat, translated right', 'dog, translated right']
    >>> task_class_names("breaking", "c8", ["cat"])
    ['cat', 'cat, rotated by 180° or more']
    """
    one_of("task", task, TASKS)
    group = get_group(group)
    if task == "invariance":
        return list(names)
    titles = group.element_titles[group.order // 2 :]
    if group.is_trivial:
        transformed = "translated right"
    elif not group.permutes_pixels and not reflects(group):
        transformed = "rotated by 180° or more"
    elif all(title.startswith(titles[0]) for title in titles):
        transformed = titles[0]
    else:
        transformed = " or ".join(titles)
    return [*names, *(f"{name}, {transformed}" for name in names)]


@overload
def canvas_and_translation(
    group: str | PointGroup,
    canvas: int | None = None,
    max_translation: int | None = None,
    image_size: int = DIGIT_SIZE,
) -> tuple[int, int]: ...


@overload
def canvas_and_translation(
    group: str | PointGroup,
    canvas: int | None,
    max_translation: int | None,
    image_size: None,
) -> tuple[int | None, int]: ...


def canvas_and_translation(
    group: str | PointGroup,
    canvas: int | None = None,
    max_translation: int | None = None,
    image_size: int | None = DIGIT_SIZE,
) -> tuple[int | None, int]:
    """The size of the network's images, and the largest translation, with defaults.

    Args:
        group: String or `PointGroup`.
        canvas: Integer, pixels; `None` for 12 more than the images under T(2), at
            most 512, and as many as they have otherwise.
        max_translation: Integer, pixels; `None` for 6 under T(2), which alone
            translates images.
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
    translates = get_group(group).is_trivial
    if canvas is None and image_size is not None:
        margin = 2 * MARGIN if translates else 0
        canvas = min(image_size + margin, MOST_PIXELS)
    if canvas is not None:
        _check_canvas(canvas, image_size)
    if not translates:
        if max_translation:
            raise ValueError(
                "`max_translation` is for `group` t2; others rotate or reflect images. "
                f"Received: max_translation={max_translation}"
            )
        return canvas, 0
    max_translation = positive_integer(
        "max_translation", TRANSLATION if max_translation is None else max_translation
    )
    if canvas is not None and 2 * max_translation >= canvas:
        raise ValueError(
            "`max_translation` must be less than half of `canvas`. "
            f"Received: max_translation={max_translation}, canvas={canvas}"
        )
    return canvas, max_translation


def _check_canvas(canvas: int, image_size: int | None) -> None:
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


def centring(canvas: int, group: PointGroup) -> LabelledTransformation:
    """A function that pads an image to a canvas, with the image at its centre.

    Args:
        canvas: Integer, pixels.
        group: `PointGroup`; if it rotates by other angles than 90° and its multiples,
            the image is cut to the disc that rotations keep.

    Returns:
        Function of an image, a label and a seed, as `random_transformation` returns.
    """

    def centre(image: Tensor, label: Tensor, seed: Tensor) -> tuple[Tensor, Tensor]:
        image = tf.image.resize_with_crop_or_pad(image, canvas, canvas)
        return (image if group.permutes_pixels else within_disc(image)), label

    return centre


def random_transformation(
    task: str, group: PointGroup, canvas: int, max_translation: int, count: int
) -> LabelledTransformation:
    """A function that transforms an image, and its label, at random as a task does.

    Args:
        task: String, `"invariance"` or `"breaking"`.
        group: `PointGroup`.
        canvas: Integer, pixels.
        max_translation: Integer, pixels.
        count: Integer, the number of classes of the images.

    Returns:
        Function of an image of any number of channels, a label, and a seed of the
        transformation, which returns an image and its label.
    """
    added = count if task == "breaking" else 0
    if group.is_trivial:
        return _translation(canvas, max_translation, added)
    if not group.permutes_pixels:
        return random_rotation(group, canvas, added)
    return _group_action(group, canvas, added)


def _group_action(group: PointGroup, canvas: int, added: int) -> LabelledTransformation:
    """Transforms by a random element; the second half of them changes the label."""
    permutations = tf.constant(group.image_permutations(canvas))

    def transform(image: Tensor, label: Tensor, seed: Tensor) -> tuple[Tensor, Tensor]:
        element = tf.random.stateless_uniform((), seed, 0, group.order, tf.int32)
        image = tf.image.resize_with_crop_or_pad(image, canvas, canvas)
        channels = image.shape[-1]
        pixels = tf.gather(tf.reshape(image, (-1, channels)), permutations[element])
        if added:
            label += added * tf.cast(element >= group.order // 2, label.dtype)
        return tf.reshape(pixels, (canvas, canvas, channels)), label

    return transform


def _translation(
    canvas: int, max_translation: int, added: int
) -> LabelledTransformation:
    """Translates by whole pixels; for breaking left or right, by at least one."""

    def translate(image: Tensor, label: Tensor, seed: Tensor) -> tuple[Tensor, Tensor]:
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

    return translate


def _uniform(seed: Tensor, counts: list[int]) -> Tensor:
    """A random integer below each count."""
    uniform = tf.random.stateless_uniform((len(counts),), seed)
    return tf.cast(uniform * tf.cast(counts, tf.float32), tf.int32)
