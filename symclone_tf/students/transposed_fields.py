"""The inputs that reach each output of a transposed convolution, and its kernel.

Outputs differ in their receptive fields by their positions modulo the strides. Within
the inputs' grid all are the same few neighbours, whose values are repeated.
"""

import dataclasses
import functools
import itertools
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

    @property
    def grid(self) -> tuple[int, int]:
        """Pair of integers, height and width of the inputs; signals have width 1."""
        return _two(self.teacher.input_shape)

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Gathers the receptive field of every output position.

        Args:
            images: Tensor of shape `(batch, height, width, …)`.

        Returns:
            List of r tensors of shape `(batch, new_height, new_width, …)`, zeros where
            a receptive field has fewer than r positions.
        """
        rest = [(0, 0)] * (len(images.shape) - 3)
        rows, columns = self._along(0), self._along(1)
        images = ops.pad(images, ((0, 0), rows.padding, columns.padding, *rest))
        gathered = []
        for row, column in itertools.product(rows.terms, columns.terms):
            part = images[:, rows.inputs(row), columns.inputs(column)]
            for axis, along in ((1, rows), (2, columns)):
                if along.stride > 1:
                    part = ops.repeat(part, along.stride, axis)
            part = part[:, rows.outputs, columns.outputs]
            inside = np.outer(rows.reached(row), columns.reached(column))
            if not inside.all():  # a product with zeros would spread infinities
                inside = inside.reshape(1, *inside.shape, *[1] * len(rest))
                part = ops.where(inside, part, ops.zeros((), part.dtype))
            gathered.append(part)
        return gathered

    def _along(self, axis: int) -> "_Axis":
        teacher = self.teacher
        if axis == len(teacher.input_shape):
            return _Axis(1, 1, 1, 1, 0)
        return _Axis(
            teacher.input_shape[axis],
            teacher.output_shape[axis],
            teacher.kernel_shape[axis],
            teacher.strides[axis],
            teacher.cropping[axis],
        )

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


@dataclasses.dataclass(frozen=True)
class _Axis:
    """One axis of a transposed convolution."""

    size_in: int
    size_out: int
    kernel_size: int
    stride: int
    cropping: int

    @property
    def terms(self) -> range:
        """The positions of a receptive field, from the last input to the first."""
        return range(-(-self.kernel_size // self.stride))

    @property
    def _first(self) -> int:
        return self.cropping // self.stride

    @property
    def _count(self) -> int:
        """The number of inputs that are the last of a receptive field."""
        return (self.size_out - 1 + self.cropping) // self.stride - self._first + 1

    @property
    def padding(self) -> tuple[int, int]:
        end = self._first + self._count
        return len(self.terms) - 1, max(0, end - self.size_in)

    def inputs(self, term: int) -> slice:
        start = self._first - term + len(self.terms) - 1
        return slice(start, start + self._count)

    @property
    def outputs(self) -> slice:
        start = self.cropping - self._first * self.stride
        return slice(start, start + self.size_out)

    def reached(self, term: int) -> Array:
        """Boolean array, which outputs the kernel has an entry for."""
        outputs = np.arange(self.size_out) + self.cropping
        return outputs % self.stride + self.stride * term < self.kernel_size


def _two(shape: tuple[int, ...]) -> tuple[int, int]:
    rows, columns = (*shape, 1)[:2]
    return rows, columns


def transposed_receptive_fields(teacher: Teacher) -> TransposedReceptiveFields | None:
    """The receptive fields of a transposed convolution along one axis or two.

    Args:
        teacher: `Teacher`.

    Returns:
        `TransposedReceptiveFields`; `None` for other teachers, and with dilation, with
        which all positions have the same relative receptive field.

    Example:

    >>> teacher = TransposedConvTeacher((4, 4), kernel_size=4, strides=2)
    >>> fields = transposed_receptive_fields(teacher)
    >>> [part.shape for part in fields(np.ones((3, 4, 4, 2)))][:1]
    [TensorShape([3, 10, 10, 2])]
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
