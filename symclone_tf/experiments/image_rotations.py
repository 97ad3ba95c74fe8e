"""Rotations of images by any angle, as tasks of groups of such rotations need."""

import math
from collections.abc import Callable

import tensorflow as tf

from symclone_tf.symmetry import PointGroup
from symclone_tf.symmetry.resampling import disc
from symclone_tf.types import Tensor


def rotated(image: Tensor, turn: Tensor) -> Tensor:
    """Rotates an image about its centre, between whose pixels it interpolates.

    Args:
        image: Tensor of shape `(size, size, channels)`.
        turn: Float or scalar tensor, the share of a full turn, counter-clockwise.

    Returns:
        Tensor of the same shape and dtype, 0 where nothing comes from.

    Example:

    >>> image = tf.constant([[[0], [1]], [[2], [3]]], tf.uint8)
    >>> rotated(image, 0.25)[..., 0]  # as numpy.rot90
    <tf.Tensor: shape=(2, 2), dtype=uint8, numpy=
    array([[1, 3],
           [0, 2]], dtype=uint8)>
    """
    size = image.shape[0]
    angle = 2 * math.pi * tf.cast(turn, tf.float32)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    # From each pixel's (column, row) to where it comes from; the centre stays.
    centre = (size - 1) / 2
    column = centre * (1 - cosine + sine)
    row = centre * (1 - sine - cosine)
    steps = tf.stack([cosine, -sine, column, sine, cosine, row, 0.0, 0.0])
    found = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(image, tf.float32)[None],
        transforms=steps[None],
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )[0]
    if image.dtype.is_integer:
        found = tf.round(found)
    return tf.cast(found, image.dtype)


def within_disc(image: Tensor) -> Tensor:
    """Sets what is outside of the largest disc about the centre to 0.

    No rotation by any angle keeps the corners of an image: what they hold would say
    by which angle it was rotated.

    Args:
        image: Tensor of shape `(size, size, channels)`.

    Returns:
        Tensor of the same shape and dtype.
    """
    inside = tf.constant(disc((image.shape[0], image.shape[1]))[..., None])
    return tf.where(inside, image, tf.zeros_like(image))


def reflects(group: PointGroup) -> bool:
    """Whether a group has reflections.

    Example:

    >>> reflects(get_group("d8")), reflects(get_group("c8"))
    (True, False)
    """
    return any(element.reflected for element in group.plane_elements)


def random_rotation(
    group: PointGroup, canvas: int, added: int
) -> Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]:
    """A function that rotates an image by any angle, and may reflect it before.

    Args:
        group: `PointGroup`; with reflections, half of the images are reflected.
        canvas: Integer, pixels.
        added: Integer, by which labels grow if the image is reflected or, by a group
            without reflections, rotated by 180° or more.

    Returns:
        Function of an image, a label and a seed, as `random_transformation` returns.
    """
    mirrors = reflects(group)

    def transform(image: Tensor, label: Tensor, seed: Tensor) -> tuple[Tensor, Tensor]:
        turn, side = tf.unstack(tf.random.stateless_uniform((2,), seed))
        image = tf.image.resize_with_crop_or_pad(image, canvas, canvas)
        if mirrors:
            image = tf.where(side >= 0.5, tf.reverse(image, [1]), image)
        second = side if mirrors else turn
        label += added * tf.cast(second >= 0.5, label.dtype)
        return within_disc(rotated(image, turn)), label

    return transform
