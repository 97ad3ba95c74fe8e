"""Attention that is a product over the axes of a grid, as its scores are sums.

Heads that attend to positions q by scores `−sharpness · |q − t|²` do so along each axis
by itself: of n×n positions, they take 2·n³ products in place of n⁴.
"""

from collections.abc import Sequence

import numpy as np
from keras import ops

from symclone_tf.teachers import SlidingWindow
from symclone_tf.types import Array, Tensor

BEFORE, AFTER = "ijk", "pqr"


def targets_of(windows: Sequence[SlidingWindow], sizes: Sequence[int]) -> Array:
    """The positions of receptive fields, a head for each entry of the kernel.

    Args:
        windows: Sequence of `SlidingWindow`, one for each axis.
        sizes: Sequence of integers, the inputs along each axis.

    Returns:
        Array of shape `(heads, Σ outputs)`, one axis of the outputs after another.

    Example:

    >>> targets_of([SlidingWindow(2), SlidingWindow(1)], (3, 2)).tolist()
    [[0.0, 1.0, 0.0, 1.0], [1.0, 2.0, 0.0, 1.0]]
    """
    within = np.indices([window.size for window in windows])
    fields = [window.fields(size) for window, size in zip(windows, sizes)]
    along = [field[:, index.ravel()].T for field, index in zip(fields, within)]
    return np.concatenate(along, axis=1).astype("float32")


def attention_to(
    targets: Tensor, window: SlidingWindow, size: int, sharpness: float
) -> Tensor:
    """The attention along one axis, to targets among the inputs and their padding.

    Args:
        targets: Tensor of shape `(heads, outputs)`, float32.
        window: `SlidingWindow`.
        size: Integer, the inputs along the axis.
        sharpness: Float.

    Returns:
        Tensor of shape `(heads, outputs, size)`. Rows sum to at most 1: the padding has
        the rest.
    """
    before, after = window.padding_of(size)
    keys = ops.arange(-before, size + after, dtype="float32")
    targets = ops.convert_to_tensor(targets)[..., None]
    weights = ops.softmax(-sharpness * ops.square(targets - keys))
    return weights[..., before : before + size]


def equations(axes: int, of_heads: bool) -> list[str]:
    """What applies the attention along each axis, one after another.

    Args:
        axes: Integer.
        of_heads: Boolean, whether each head has inputs of its own.

    Returns:
        List of strings, as of `keras.ops.einsum`.

    Example:

    >>> equations(2, of_heads=False)
    ['hpi,nijz->hpnjz', 'hqj,hpnjz->npqhz']
    """
    found = []
    for axis in range(axes):
        # In between, as matrix products have them; each other order is a copy.
        inputs = f"h{AFTER[:axis]}n{BEFORE[axis:axes]}z"
        if not axis:
            inputs = f"n{BEFORE[:axes]}{'h' * of_heads}z"
        outputs = f"h{AFTER[: axis + 1]}n{BEFORE[axis + 1 : axes]}z"
        if axis == axes - 1:
            outputs = f"n{AFTER[:axes]}hz"
        found.append(f"h{AFTER[axis]}{BEFORE[axis]},{inputs}->{outputs}")
    return found


def attended(
    attention: Sequence[Tensor], values: Tensor, sizes: Sequence[int]
) -> Tensor:
    """What heads attend to.

    Args:
        attention: Sequence of tensors of shape `(heads, outputs, inputs)`, one for each
            axis.
        values: Tensor of shape `(batch, positions_in, features)`, or `(batch,
            positions_in, heads, features)`.
        sizes: Sequence of integers, the inputs along each axis.

    Returns:
        Tensor of shape `(batch, positions_out, heads, features)`.
    """
    of_heads = len(values.shape) == 4
    outputs = ops.reshape(values, (-1, *sizes, *values.shape[2:]))
    for equation, along in zip(equations(len(sizes), of_heads), attention):
        outputs = ops.einsum(equation, ops.cast(along, values.dtype), outputs)
    positions = int(np.prod([along.shape[1] for along in attention]))
    heads = attention[0].shape[0]
    return ops.reshape(outputs, (-1, positions, heads, values.shape[-1]))


def product_of(attention: Sequence[Tensor]) -> Tensor:
    """The attention over all axes.

    Args:
        attention: See `attended`.

    Returns:
        Tensor of shape `(heads, positions_out, positions_in)`.
    """
    product, *others = attention
    for along in others:
        product = product[:, :, None, :, None] * along[:, None, :, None, :]
        heads, *outputs, first, last = product.shape
        product = ops.reshape(product, (heads, int(np.prod(outputs)), first * last))
    return product


def within_receptive_fields(
    attention: Sequence[Array], windows: Sequence[SlidingWindow], sizes: Sequence[int]
) -> Array:
    """The attention over all axes, to the positions in receptive fields.

    Args:
        attention: Sequence of arrays, see `attended`.
        windows: Sequence of `SlidingWindow`.
        sizes: Sequence of integers, the inputs along each axis.

    Returns:
        Array of shape `(heads, positions_out, r)`, zero for padding.
    """
    heads = len(attention[0])
    product = np.ones((heads, 1, 1))
    for along, window, size in zip(attention, windows, sizes):
        fields = window.fields(size)
        outputs = np.arange(len(fields))[:, None]
        inside = (fields >= 0) & (fields < size)
        taken = along[:, outputs, np.clip(fields, 0, size - 1)] * inside
        product = np.einsum("hpv,hqw->hpqvw", product, taken)
        product = product.reshape(heads, product.shape[1] * len(fields), -1)
    return product
