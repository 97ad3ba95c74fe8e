"""How far a function is from commuting with a symmetry."""

import numpy as np
from keras import ops

from symclone_tf.symmetry.transformations import transformations_of


def equivariance_error(
    layer, group, inputs, border=0, max_translation=2, group_out=None
) -> float:
    """How far a function is from commuting with a group.

    For a point group, the largest of `‖f(g·x) − g·f(x)‖ / ‖f(x)‖` over its
    elements. For T(2), the largest over all shifts of up to `max_translation` pixels,
    compared where the shifted and the original output are both defined; of
    many shifts, 13 distances in each direction stand for all. For permutations, the
    largest over the generators, which decide whether it is 0, and 16 random
    elements. Outputs without spatial axes, or without points, are expected to be
    invariant.

    Args:
        layer: Callable, from images or feature maps to images, feature maps or
            vectors `(batch, …)`; outputs may be smaller than inputs, but one
            step of the output must be one pixel of the input under T(2).
        group: String, `PointGroup` or `PermutationGroup`.
        inputs: Array of shape `(batch, size, size, channels)` or
            `(batch, size, size, |G|, channels)`; `(batch, points, channels)` for
            permutations.
        border: Integer, pixels of each edge of the output to leave out under
            T(2): half the kernel's size where a layer pads with zeros.
        max_translation: Integer, pixels.
        group_out: `PermutationGroup`, as the same group moves outputs, where these
            have other points.

    Returns:
        Float, 0 for an equivariant function.

    Raises:
        ValueError: If the group does not move such inputs or outputs, or
            nothing is left to compare.

    Example:

    >>> images = keras.random.normal((8, 12, 12, 1))
    >>> equivariance_error(GroupConv2D(4, 3, "c4"), "c4", images) < 1e-5
    True
    """
    transformations = transformations_of(
        group, max_translation, border, group_out=group_out
    )
    error = largest_error(layer, transformations, inputs)
    if error is None and transformations:
        raise ValueError("No part of the outputs is left to compare after shifts.")
    return error or 0.0


def largest_error(layer, transformations, inputs) -> float | None:
    """The largest error of a function over moves.

    Args:
        layer: Callable of a batch of inputs.
        transformations: Iterable of `Transformation`.
        inputs: Array, a batch.

    Returns:
        Float; `None` if there is nothing to compare.

    Example:

    >>> images = np.random.default_rng(0).normal(size=(2, 6, 6, 1))
    >>> def mirrored(images):
    ...     return images[:, :, ::-1]
    >>> largest_error(mirrored, [GroupTransformation("c4", 2)], images)  # a half turn
    0.0
    >>> largest_error(mirrored, transformations_of("c4"), images) > 0.1
    True
    """
    inputs = np.asarray(inputs)
    outputs = _apply(layer, inputs)
    pairs = (
        move.compared(_apply(layer, move.inputs(inputs)), outputs)
        for move in transformations
    )
    errors = (relative(*pair) for pair in pairs if pair[1].size)
    return max(errors, default=None)


def _apply(layer, inputs):
    # Squares of float16 would overflow.
    return ops.convert_to_numpy(layer(inputs)).astype("float64")


def relative(found, expected) -> float:
    """The norm of a difference, relative to what is expected."""
    norm = np.linalg.norm(expected)
    difference = np.linalg.norm(found - expected)
    if not norm:
        return float(np.inf) if difference else 0.0
    return float(difference / norm)
