"""Where a student starts, so that its training does not stall."""

import keras
from keras import ops


class FirstElementOrthogonal(keras.initializers.Initializer):
    """Orthogonal for the group's first element, zero for all others.

    Outputs of different elements pull the blocks towards different operators.
    With every one of them active from the start the pulls can cancel in some
    direction, and training stalls on a saddle until it finds a way around;
    with one active element the blocks have somewhere to go at once, and the
    other elements then follow them.

    Args:
        elements: Integer, |G|, the fastest running part of the columns.
        seed: Integer or `None`.
    """

    def __init__(self, elements, seed=None):
        self.elements = elements
        self.orthogonal = keras.initializers.Orthogonal(seed=seed)

    def __call__(self, shape, dtype=None):
        rows, columns = shape
        first = self.orthogonal((rows, columns // self.elements), dtype=dtype)
        padding = [(0, 0), (0, 0), (0, self.elements - 1)]
        return ops.reshape(ops.pad(first[:, :, None], padding), shape)
