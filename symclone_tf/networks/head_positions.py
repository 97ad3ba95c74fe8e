"""Where the heads of attention look, relative to the output."""

import dataclasses

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.layers import ClonedAttention
from symclone_tf.networks.attention_equivariance import attention_layers
from symclone_tf.networks.convolutions import with_names
from symclone_tf.types import Array


@dataclasses.dataclass(frozen=True)
class HeadPositions:
    """Where the heads of a layer look by position, and how much of them is content.

    Attributes:
        attention: Array of shape `(heads, 2 · radius + 1, 2 · radius + 1)`: the
            attention by position at each offset from the output, the mean over the
            outputs that have a patch there.
        shares: Array of shape `(heads,)`, the shares of content.

    Example:

    >>> looks = HeadPositions(np.eye(3)[None], shares=np.array([0.25]))
    >>> looks.attention.shape
    (1, 3, 3)
    """

    attention: np.ndarray
    shares: np.ndarray


def attention_positions(
    model: keras.Model, radius: int = 2
) -> dict[str, HeadPositions]:
    """Where each head of a network's attention looks, relative to the output.

    A head of a T(2) clone begins at one offset. Training moves it where its student
    has a sharpness of less than 15, and gives it a share of content.

    Args:
        model: `keras.Model`, built, with `ClonedAttention` in it.
        radius: Integer, patches, the largest offset along an axis.

    Returns:
        Dictionary from layer names, or paths where several layers share one, to
        `HeadPositions`, in the model's order.

    Raises:
        ValueError: If there is no such layer, or the radius is not a positive integer.

    Example:

    >>> options = {"student": "relative-attention", "solver": "closed-form"}
    >>> student, _ = clone("t2", image_size=4, padding="same", verbose=0, **options)
    >>> layer = ClonedAttention(student, 2, name="attention")
    >>> model = keras.Sequential([keras.Input((16, 4)), layer])
    >>> attention_positions(model, radius=1)["attention"].attention[0].round(3)
    array([[1., 0., 0.],
           [0., 0., 0.],
           [0., 0., 0.]])
    """
    positive_integer("radius", radius)
    layers = attention_layers(model)
    if not layers:
        raise ValueError(
            "The model has no ClonedAttention, whose heads look by position. "
            f"Received: layers {', '.join(layer.name for layer in model.layers)}"
        )
    return {name: _positions(layer, radius) for name, layer in with_names(layers)}


def _positions(layer: ClonedAttention, radius: int) -> HeadPositions:
    heads, (rows, columns) = layer.student.heads, layer.student.sizes[0]
    found = ops.convert_to_numpy(layer.position_attention())
    patches = found[:, layer.prefix_tokens :, layer.prefix_tokens :]
    patches = patches.reshape(heads, rows, columns, rows, columns)
    size = 2 * radius + 1
    attention = np.zeros((heads, size, size))
    for row, column in np.ndindex(size, size):
        attention[:, row, column] = _at(patches, row - radius, column - radius)
    shares = ops.convert_to_numpy(layer.content_shares)
    return HeadPositions(attention, np.broadcast_to(shares, (heads,)).copy())


def _at(patches: Array, down: int, right: int) -> Array:
    """The mean attention of each head to patches at an offset from the output."""
    rows, columns = patches.shape[1:3]
    row = np.arange(max(0, -down), min(rows, rows - down))[:, None]
    column = np.arange(max(0, -right), min(columns, columns - right))
    if not row.size or not column.size:
        return np.zeros(len(patches))
    return patches[:, row, column, row + down, column + right].mean(axis=(1, 2))
