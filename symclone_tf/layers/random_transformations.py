"""Augmentation inside of a layer: its own features move, and its answers move back."""

import numpy as np
from keras import ops, random


class RandomTransformations:
    """Moves a share of a layer's inputs by elements of a symmetry, drawn at random.

    `back(f(there(x)))` is f(x) for every equivariant f, whatever was drawn. Of all
    else, training sees the mean over the symmetry in that share, so that it gains
    nothing there by telling elements apart; in the rest it sees f as it is.

    Args:
        teacher: `Teacher`, whose symmetry it is.
        share: Float, of the inputs that move, from 0 to 1.
        generator: `keras.random.SeedGenerator`.

    Raises:
        ValueError: If the teacher names no moves.
    """

    def __init__(self, teacher, share, generator):
        self.share = share
        self.generator = generator
        shapes = teacher.input_shape, teacher.output_shape
        transformations = list(teacher.training_transformations())
        if not transformations:
            raise ValueError(
                'anchor="transformed-inputs" moves features as the teacher\'s symmetry does, and '
                f"this teacher names no moves. Received: {teacher.name}"
            )
        stays = [np.arange(np.prod(shape, dtype=int)) for shape in shapes]
        there = [move.sources(*shapes)[0] for move in transformations]
        back = [move.inverse().sources(*shapes)[1] for move in transformations]
        self._there = np.stack([stays[0], *there]).astype("int32")
        self._back = np.stack([stays[1], *back]).astype("int32")

    def draw(self, count):
        """An element for each of a batch of inputs: the identity, where none moves it.

        Args:
            count: Integer or scalar tensor, the inputs of the batch.

        Returns:
            Integer tensor of shape `(count,)`.
        """
        # One number says both, whether and by what: below the share, by where.
        moving = random.uniform((count,), seed=self.generator) / self.share
        element = ops.cast(ops.floor(moving * len(self._there)), "int32")
        return ops.where(moving < 1, element, 0)

    def there(self, inputs, elements):
        """Inputs moved by an element each.

        Args:
            inputs: Tensor of shape `(batch, …, channels)`, as the teacher's.
            elements: Integer tensor of shape `(batch,)`, as `draw` gives it.

        Returns:
            Tensor of the same shape.
        """
        return _taken(inputs, self._there, elements)

    def back(self, outputs, elements):
        """Outputs moved back by the elements that their inputs were moved by."""
        return _taken(outputs, self._back, elements)


def _taken(values, sources, elements):
    count, points = ops.shape(values)[0], sources.shape[1]
    # As rows of the whole batch, which one gather takes much faster than gathers
    # of each of its entries.
    first = ops.arange(count, dtype="int32")[:, None] * points
    rows = ops.take(sources, elements, axis=0) + first
    flat = ops.reshape(values, (-1, values.shape[-1]))
    taken = ops.take(flat, ops.reshape(rows, (-1,)), axis=0)
    return ops.reshape(taken, (-1, *values.shape[1:]))
