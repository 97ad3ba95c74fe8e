"""Equivariance regularisation by transformed inputs, within a layer.

In training, a share of a layer's inputs is transformed by random elements of a group,
and the outputs are transformed back.
"""

import numpy as np
from keras import ops, random

from symclone_tf.teachers import Teacher
from symclone_tf.types import Tensor


class RandomTransformations:
    """Transforms a share of a layer's inputs, and the outputs back.

    With `transform_inputs` g, a layer f and `invert_outputs` g⁻¹, g⁻¹·f(g·x) = f(x) for
    every equivariant f. Of any other f, training sees in expectation the average over
    the group for this share of the inputs, and f itself for the rest: so training
    gains nothing on that share by breaking the symmetry.

    Args:
        teacher: `Teacher`, whose `training_transformations` are drawn from.
        share: Float, the share of inputs that are transformed, from 0 to 1.
        generator: `keras.random.SeedGenerator`.

    Raises:
        ValueError: If the teacher declares no transformations.

    Reference:

    - [Yarotsky, 2018](https://arxiv.org/abs/1804.10306), for the group average
    """

    def __init__(self, teacher: Teacher, share: float, generator):
        self.share = share
        self.generator = generator
        shapes = teacher.input_shape, teacher.output_shape
        transformations = list(teacher.training_transformations())
        if not transformations:
            raise ValueError(
                'anchor="transformed-inputs" needs a teacher that declares '
                f"transformations, and this one has none. Received: {teacher.name}"
            )
        inputs, outputs = [np.arange(np.prod(s, dtype=int)) for s in shapes]
        sources = [inputs, *(t.sources(*shapes)[0] for t in transformations)]
        inverse = [outputs, *(t.inverse().sources(*shapes)[1] for t in transformations)]
        self._input_sources = np.stack(sources).astype("int32")
        self._output_sources = np.stack(inverse).astype("int32")

    def draw(self, count: Tensor) -> Tensor:
        """Draws an element for each input of a batch.

        Args:
            count: Integer or scalar tensor, the size of the batch.

        Returns:
            Integer tensor of shape `(count,)`, 0 for the identity.
        """
        # One draw serves twice: whether it is below the share, and where below it.
        drawn = random.uniform((count,), seed=self.generator) / self.share
        element = ops.cast(ops.floor(drawn * len(self._input_sources)), "int32")
        return ops.where(drawn < 1, element, 0)

    def transform_inputs(self, inputs: Tensor, elements: Tensor) -> Tensor:
        """Transforms each input by its element.

        Args:
            inputs: Tensor of shape `(batch, …, channels)`, the teacher's
                `input_shape` between batch and channels.
            elements: Integer tensor of shape `(batch,)`, see `draw`.

        Returns:
            Tensor of the same shape.
        """
        return _gather(inputs, self._input_sources, elements)

    def invert_outputs(self, outputs: Tensor, elements: Tensor) -> Tensor:
        """Transforms each output by the inverse of its input's element.

        Args:
            outputs: Tensor of shape `(batch, …, filters)`, the teacher's
                `output_shape` between batch and filters.
            elements: Integer tensor of shape `(batch,)`, as passed to
                `transform_inputs`.

        Returns:
            Tensor of the same shape.
        """
        return _gather(outputs, self._output_sources, elements)


def _gather(values, sources, elements):
    count, positions = ops.shape(values)[0], sources.shape[1]
    # One gather of rows of the whole batch is much faster than one per entry.
    first = ops.arange(count, dtype="int32")[:, None] * positions
    rows = ops.take(sources, elements, axis=0) + first
    flat = ops.reshape(values, (-1, values.shape[-1]))
    gathered = ops.take(flat, ops.reshape(rows, (-1,)), axis=0)
    return ops.reshape(gathered, (-1, *values.shape[1:]))
