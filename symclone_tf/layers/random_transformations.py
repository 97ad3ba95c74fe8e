"""Equivariance regularisation by transformed inputs, within a layer.

In training, a share of a layer's inputs is transformed by random elements of a group,
and the outputs are transformed back.
"""

import copy
from typing import Any

import numpy as np
import tensorflow as tf
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
        self.teacher = teacher
        self.share = share
        self.generator = generator
        self._others: dict[tuple[int, ...], RandomTransformations] = {}
        if not list(teacher.training_transformations()):
            raise ValueError(
                'anchor="transformed-inputs" needs a teacher that declares '
                f"transformations, and this one has none. Received: {teacher.name}"
            )
        self._find_sources()

    def _find_sources(self):
        teacher = self.teacher
        shapes = teacher.input_shape, teacher.output_shape
        transformations = list(teacher.training_transformations())
        inputs, outputs = [np.arange(np.prod(s, dtype=int)) for s in shapes]
        sources = [inputs, *(t.sources(*shapes)[0] for t in transformations)]
        inverse = [outputs, *(t.inverse().sources(*shapes)[1] for t in transformations)]
        self._input_sources = np.stack(sources).astype("int32")
        self._output_sources = np.stack(inverse).astype("int32")

    def at(self, sizes: tuple[Any, ...]) -> "RandomTransformations":
        """The same for inputs of another size.

        Args:
            sizes: Tuple of integers, of leading axes of the inputs; or of tensors where
                sizes are not known when a training step is traced.

        Returns:
            `RandomTransformations`, which draw by the same generator; the identity
            alone where the size has no other, as of one output.
        """
        if not all(isinstance(size, int) for size in sizes):
            return self._at_unknown(sizes)
        if sizes == self.teacher.input_shape[: len(sizes)]:
            return self
        if sizes not in self._others:
            other = copy.copy(self)
            other.teacher = self.teacher.resized(sizes)
            other._find_sources()
            self._others[sizes] = other
        return self._others[sizes]

    def _at_unknown(self, sizes):
        """The same, with sources that are found when a training step runs."""

        def find(*sizes):
            other = self.at(tuple(map(int, sizes)))
            return other._input_sources, other._output_sources

        found = tf.numpy_function(find, list(sizes), [tf.int32, tf.int32])
        other = copy.copy(self)
        other._input_sources, other._output_sources = found
        for sources in found:
            sources.set_shape((None, None))
        return other

    def draw(self, count: Tensor) -> Tensor:
        """Draws an element for each input of a batch.

        Args:
            count: Integer or scalar tensor, the size of the batch.

        Returns:
            Integer tensor of shape `(count,)`, 0 for the identity.
        """
        # One draw serves twice: whether it is below the share, and where below it.
        drawn = random.uniform((count,), seed=self.generator) / self.share
        elements = ops.cast(ops.shape(self._input_sources)[0], drawn.dtype)
        element = ops.cast(ops.floor(drawn * elements), "int32")
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
    count, *rest = ops.shape(values)
    positions = ops.shape(sources)[1]
    # One gather of rows of the whole batch is much faster than one per entry.
    first = ops.arange(count, dtype="int32")[:, None] * positions
    rows = ops.take(sources, elements, axis=0) + first
    flat = ops.reshape(values, (-1, values.shape[-1]))
    gathered = ops.take(flat, ops.reshape(rows, (-1,)), axis=0)
    return ops.reshape(gathered, (-1, *rest))
