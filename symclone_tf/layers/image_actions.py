"""The action of a point group on images within networks, by operations of Keras."""

from typing import Any

import numpy as np
from keras import ops
from keras.backend import is_float_dtype, standardize_dtype

from symclone_tf.symmetry import PointGroup
from symclone_tf.symmetry.resampling import resampling
from symclone_tf.types import Tensor


def transform_images(images: Tensor, group: PointGroup, element: int) -> Tensor:
    """Transforms images by an element of a group.

    Reflections and quarter turns flip and transpose, at every size; other elements
    interpolate within the disc about the centre, with 0 outside, and need a known
    size.

    Args:
        images: Tensor of shape `(batch, height, width, channels)`; square unless the
            element keeps rectangles.
        group: `PointGroup`.
        element: Integer, index of the element.

    Returns:
        Tensor of the same shape.

    Example:

    >>> images = keras.random.normal((1, 4, 4, 2))
    >>> turned = transform_images(images, get_group("c4"), 1)
    >>> np.array_equal(turned, np.rot90(images, axes=(1, 2)))
    True
    """
    moved = group.plane_elements[element]
    if not moved.permutes_pixels:
        return _interpolated(images, moved)
    if moved.reflected:
        images = ops.flip(images, axis=2)
    quarters = int(4 * moved.turn)
    if quarters % 2:
        images = ops.transpose(images, (0, 2, 1, 3))
    axes = {0: (), 1: (1,), 2: (1, 2), 3: (2,)}[quarters]
    return ops.flip(images, axis=axes) if axes else images


def _interpolated(images, element) -> Any:
    if not is_float_dtype(dtype := standardize_dtype(images.dtype)):
        found = _interpolated(ops.cast(images, "float32"), element)
        return ops.saturate_cast(ops.round(found), dtype)
    height, width, channels = images.shape[1:]
    pixels, weights = resampling(element, (height, width))
    flat = ops.reshape(images, (-1, height * width, channels))
    weights = weights.astype(np.float32)[..., None]
    # One tap after the other: all at once would take 16 times the memory.
    found = sum(
        ops.take(flat, pixels[:, tap], axis=1) * ops.cast(weights[:, tap], flat.dtype)
        for tap in range(pixels.shape[1])
    )
    return ops.reshape(found, (-1, height, width, channels))
