"""The equivariance error of functions."""

from collections.abc import Callable, Iterable

import numpy as np
from keras import ops

from symclone_tf.symmetry.permutation_groups import PermutationGroup
from symclone_tf.symmetry.point_groups import PointGroup
from symclone_tf.symmetry.transformation_sets import transformations_of
from symclone_tf.symmetry.transformations import Transformation
from symclone_tf.symmetry.volume_groups import VolumeGroup
from symclone_tf.types import Array, ArrayLike, Tensor


def equivariance_error(
    layer: Callable[[Array], Tensor],
    group: str | PointGroup | VolumeGroup | PermutationGroup,
    inputs: ArrayLike,
    border: int = 0,
    max_translation: int = 2,
    group_out: PermutationGroup | None = None,
) -> float:
    """The largest relative equivariance error of a function over a group.

    For a group of images or volumes, the maximum of `‖f(g·x) − g·f(x)‖ / ‖f(x)‖` over
    its elements. For T(2), the maximum over translations by up to `max_translation`
    pixels, compared where the translated and the original output are both defined; if
    these are many, 13 offsets along each axis stand for all. For permutations, the
    maximum over the generators, which decide whether the error is 0, and 16 random
    elements. Outputs without spatial axes, or without an axis of points, are expected
    to be invariant.

    Args:
        layer: Callable, from images or feature maps to images, feature maps or
            vectors `(batch, …)`. Outputs may be smaller than inputs, but under T(2)
            one step of the output must be one pixel of the input.
        group: String, `PointGroup`, `VolumeGroup` or `PermutationGroup`.
        inputs: Array of shape `(batch, height, width, channels)` or
            `(batch, height, width, |G|, channels)`, square unless the group
            keeps rectangles; with a depth before the height for groups of volumes;
            `(batch, points, channels)` for permutations.
        border: Integer, pixels at each edge of the output that are ignored under
            T(2): half the kernel's size where a layer pads with zeros.
        max_translation: Integer, pixels.
        group_out: `PermutationGroup`, the same group's action on outputs, where
            these have other points than inputs.

    Returns:
        Float, 0 for an equivariant function.

    Raises:
        ValueError: If the group does not act on such inputs or outputs, or nothing
            is left to compare.

    Example:

    >>> images = keras.random.normal((8, 12, 12, 1))
    >>> equivariance_error(GroupConv2D(4, 3, "c4"), "c4", images) < 1e-5
    True

    Reference:

    - [Wang et al., 2022](https://arxiv.org/abs/2201.11969)
    """
    transformations = transformations_of(
        group, max_translation, border, group_out=group_out
    )
    error = largest_error(layer, transformations, inputs)
    if error is None and transformations:
        raise ValueError(
            "No part of the outputs is left to compare after the transformations. "
            f"Received: max_translation={max_translation}, border={border}"
        )
    return error or 0.0


def largest_error(
    layer: Callable[[Array], Tensor],
    transformations: Iterable[Transformation],
    inputs: ArrayLike,
) -> float | None:
    """The largest relative equivariance error of a function over transformations.

    Args:
        layer: Callable of a batch of inputs.
        transformations: Iterable of `Transformation`.
        inputs: Array, a batch.

    Returns:
        Float; `None` if there is nothing to compare.

    Example:

    >>> images = np.random.default_rng(0).normal(size=(2, 6, 6, 1))
    >>> def reflect(images):
    ...     return images[:, :, ::-1]
    >>> half_rotation = GroupTransformation("c4", 2)
    >>> largest_error(reflect, [half_rotation], images)
    0.0
    >>> largest_error(reflect, transformations_of("c4"), images) > 0.1
    True
    """
    inputs = ops.convert_to_numpy(inputs)
    outputs = _evaluate(layer, inputs)
    pairs = (
        transformation.compared(
            _evaluate(layer, transformation.inputs(inputs)), outputs
        )
        for transformation in transformations
    )
    errors = (relative(*pair) for pair in pairs if pair[1].size)
    return max(errors, default=None)


def _evaluate(layer: Callable[[Array], Tensor], inputs: Array) -> Array:
    # Squares of float16 would overflow.
    return ops.convert_to_numpy(layer(inputs)).astype("float64")


def relative(found: Array, expected: Array) -> float:
    """The norm of a difference, relative to the norm of the expected values."""
    norm = np.linalg.norm(expected)
    difference = np.linalg.norm(found - expected)
    if not norm:
        return float(np.inf) if difference else 0.0
    return float(difference / norm)
