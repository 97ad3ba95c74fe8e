"""Initial weights from which training does not stall."""

from typing import Any

import keras
from keras import ops

from symclone_tf.types import Tensor


class FirstElementOrthogonal(keras.initializers.Initializer):
    """Orthogonal for the group's first element, zero for all others.

    Outputs of different elements pull the blocks towards different operators.
    If all elements are active from the start, the pulls can cancel in some
    direction, and training stalls on a saddle. With one active element the blocks
    converge to its operators at once, and the other elements follow.

    Args:
        elements: Integer, |G|, the fastest running part of the columns.
        seed: Integer or `None`.
    """

    def __init__(self, elements: int, seed: int | None = None) -> None:
        self.elements = elements
        self.orthogonal = keras.initializers.Orthogonal(seed=seed)

    def __call__(self, shape: tuple[int, int], dtype: Any = None) -> Tensor:
        rows, columns = shape
        first = self.orthogonal((rows, columns // self.elements), dtype=dtype)
        padding = [(0, 0), (0, 0), (0, self.elements - 1)]
        return ops.reshape(ops.pad(first[:, :, None], padding), shape)
