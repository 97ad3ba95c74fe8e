"""Types of what methods of students take and return."""

from typing import Protocol, TypeAlias

import keras

from symclone_tf.types import Array, Tensor

PlainLayers: TypeAlias = list[tuple[keras.layers.Layer, list[Array]]]
"""Keras layers, one after the other, each with the values of its weights."""


class Operators(Protocol):
    """A teacher's operators, as `Student.coordinates` evaluates them.

    An operator is the matrix from input to output positions for one entry of the
    kernel and one pair of feature maps. Called with an array of shape `(rows,
    positions_in)`, it returns a tensor of shape `(rows, positions_out, operators)`.

    Attributes:
        batch_size: Integer, the most rows of one call.
    """

    batch_size: int

    def __call__(self, rows: Array) -> Tensor: ...
