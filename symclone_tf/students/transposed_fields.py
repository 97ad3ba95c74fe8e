"""The receptive fields of transposed convolutions as plain layers, and their kernels.

Outputs differ in their receptive fields by their positions modulo the strides.
"""

import dataclasses
import functools
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from symclone_tf.students.interfaces import PlainLayers
from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.teachers import Teacher, TransposedConvTeacher
from symclone_tf.types import Array, Tensor

if TYPE_CHECKING:
    from symclone_tf.students.base import Student


@dataclasses.dataclass(frozen=True)
class TransposedReceptiveFields:
    """The receptive fields of a transposed convolution along one axis or two.

    Attributes:
        teacher: `TransposedConvTeacher`.
    """

    teacher: TransposedConvTeacher

    def plain_layers(self, maps: int) -> PlainLayers:
        """The same as plain Keras layers.

        A transposed convolution with kernels of ones and zeros copies inputs to the
        outputs that they reach; feature maps are one more axis of it.

        Args:
            maps: Integer, the feature maps of the inputs.

        Returns:
            `PlainLayers`, pairs of a Keras layer and its weights' values, from
            `(batch, positions_in, maps)` to `(batch, positions_out, maps, r)`.
        """
        teacher = self.teacher
        axes, size = len(teacher.input_shape), teacher.receptive_field_size
        kind = {1: keras.layers.Conv2DTranspose, 2: keras.layers.Conv3DTranspose}[axes]
        more = teacher.output_padding
        layer = kind(
            size,
            (1, *teacher.kernel_shape),
            (1, *teacher.strides),
            padding=teacher.padding,
            output_padding=None if more is None else (0, *more),
            data_format="channels_last",
            use_bias=False,
            name="window",
        )
        last = axes + 2
        return [
            (keras.layers.Permute((2, 1)), []),
            (keras.layers.Reshape((maps, *teacher.input_shape, 1)), []),
            (layer, [self._unit_kernels()[None, ..., None]]),
            (keras.layers.Permute((*range(2, last), 1, last)), []),
            (keras.layers.Reshape((teacher.positions_out, maps, size)), []),
        ]

    @property
    def plain_entries(self) -> int:
        """Integer, the weights of `plain_layers`, for any number of feature maps."""
        return self._unit_kernels().size

    def _unit_kernels(self) -> Array:
        """Array of shape `(*kernel_shape, r)`: one where an entry of the kernel is
        multiplied with this position of a receptive field."""
        teacher = self.teacher
        sizes = [-(-k // s) for k, s in zip(teacher.kernel_shape, teacher.strides)]
        indices = np.indices(teacher.kernel_shape)
        terms = [index // s for index, s in zip(indices, teacher.strides)]
        positions = np.ravel_multi_index(terms, sizes)
        return np.eye(teacher.receptive_field_size, dtype="float32")[positions]


def transposed_receptive_fields(teacher: Teacher) -> TransposedReceptiveFields | None:
    """The receptive fields of a transposed convolution along one axis or two.

    Args:
        teacher: `Teacher`.

    Returns:
        `TransposedReceptiveFields`; `None` for other teachers, and with dilation, with
        which all positions have the same relative receptive field.

    Example:

    >>> teacher = TransposedConvTeacher((4, 4), kernel_size=4, strides=2)
    >>> parts = transposed_receptive_fields(teacher).plain_layers(maps=3)
    >>> [type(part).__name__ for part, _ in parts]
    ['Permute', 'Reshape', 'Conv3DTranspose', 'Permute', 'Reshape']
    """
    if not isinstance(teacher, TransposedConvTeacher):
        return None
    if len(teacher.input_shape) > 2 or max(teacher.dilation_rate) > 1:
        return None
    return TransposedReceptiveFields(teacher)


def transposed_kernel(student: "Student", kernel: Tensor) -> Tensor:
    """The kernel of the transposed convolution that a student's blocks compute.

    Args:
        student: `Student` of a `TransposedConvTeacher`, whose blocks were found to be
            translation equivariant.
        kernel: Tensor, as in a call of the student.

    Returns:
        Tensor of shape `(*kernel_shape, channels, filters)`.
    """
    teacher = student.teacher
    positions, rows = _representatives(teacher)
    fields = receptive_fields_of(teacher)
    weights = [student.weights_at(int(p), fields[p]) for p in positions]
    # One more row of zeros, for entries that reach no output.
    weights = ops.pad(ops.concatenate(weights), ((0, 1), (0, 0)))
    coefficients = student.coefficients_by_block(kernel)
    weights = ops.cast(ops.take(weights, rows, axis=0), coefficients.dtype)
    found = ops.matmul(weights, ops.reshape(coefficients, (student.blocks, -1)))
    return ops.reshape(found, (*teacher.kernel_shape, *coefficients.shape[1:]))


@functools.lru_cache(maxsize=16)
def _representatives(teacher: TransposedConvTeacher) -> tuple[Array, Array]:
    """Few output positions, whose receptive fields have all entries of the kernel.

    Returns:
        Pair of integer arrays: the positions; and for each entry, the row where it is
        in the receptive fields of these positions one after another, −1 for none.
    """
    entries = teacher.field_entries
    count, size = entries.shape
    # The fullest receptive fields first, the one in the middle first of them.
    distance = np.abs(np.arange(count) - count // 2)
    order = np.lexsort((distance, -np.sum(entries >= 0, axis=1)))
    found: Array = np.full(teacher.kernel_entries, -1)
    flat = entries[order].reshape(-1)
    reached, first = np.unique(flat, return_index=True)
    found[reached[reached >= 0]] = first[reached >= 0]
    positions, where = np.unique(order[found // size], return_inverse=True)
    rows = np.where(found < 0, -1, where * size + found % size)
    return positions, np.where(rows < 0, len(positions) * size, rows)
