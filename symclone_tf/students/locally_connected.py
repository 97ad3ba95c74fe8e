"""Students whose blocks are locally connected: weights for each receptive field."""

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.students.base import Student
from symclone_tf.students.interfaces import Operators, PlainLayers
from symclone_tf.students.receptive_fields import (
    colours_of,
    receptive_field_size_of,
    receptive_fields_of,
)
from symclone_tf.students.relative_fields import (
    RelativeReceptiveField,
    gather_receptive_fields,
    receptive_fields_by_position,
    relative_receptive_field,
)
from symclone_tf.students.transposed_fields import (
    TransposedReceptiveFields,
    transposed_receptive_fields,
)
from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, Tensor

# The most pairs of feature maps for which a call computes a kernel at each position.
MOST_DEFORMED = 256
# The most weights for which receptive fields are checked before they are built.
MOST_CHECKED = 2**24


@Student.register("local")
class LocallyConnectedStudent(Student):
    """Blocks with weights of their own for the receptive field of each position.

    `φ_b(x)[p] = Σ_{v<r} W[p,v,b] · x[receptive_fields[p,v]]`, with W of shape
    `(positions_out, r, blocks)`. The student has receptive fields, and learns from its
    teacher to be translation equivariant. Where an exact copy of a k×k
    convolution takes k² Dense blocks with k²·n²·m² weights, here it takes
    k⁴·m².

    Args:
        teacher: `Teacher`, whose sizes and receptive fields the student takes. A
            teacher that declares none is evaluated for unit impulses.
        blocks: Integer, the number of blocks; `None` for the teacher's rank,
            the number that an exact copy needs: k² for a k×k convolution.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, if inputs and kernel
            have other shapes than the teacher's, or if the teacher's receptive
            fields do not fit it.
        TypeError: If `teacher` is not a `Teacher`.
        MemoryError: If the teacher has too many positions to be evaluated.

    Example:

    >>> student = LocallyConnectedStudent(ConvTeacher("c4", image_size=28), seed=0)
    >>> x = keras.random.normal((2, 28, 28, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 26, 26, 4, 5])
    >>> student.parameters  # a DenseStudent has 4,769,892
    55080
    """

    is_linear = True
    maps_last = True

    def __init__(
        self,
        teacher: Teacher,
        blocks: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(teacher, blocks, seed, **kwargs)
        entries = teacher.positions_out * receptive_field_size_of(teacher)
        if entries * self.blocks <= MOST_CHECKED:
            receptive_fields_of(teacher)  # refuses those that do not fit

    def build_blocks(self) -> None:
        self.local_weights = self.add_weight(
            name="blocks",
            shape=(
                self.teacher.positions_out,
                receptive_field_size_of(self.teacher),
                self.blocks,
            ),
            initializer="zeros",
        )

    @property
    def block_parameters(self) -> int:
        return (
            self.teacher.positions_out
            * receptive_field_size_of(self.teacher)
            * self.blocks
        )

    @property
    def features_per_map(self) -> int:
        # The inputs in receptive fields, and the blocks' outputs.
        return self.teacher.positions_out * (
            receptive_field_size_of(self.teacher) + self.blocks
        )

    @property
    def colours(self) -> Array:
        """Integer array of shape `(positions_in,)`, see `colours_of`."""
        return colours_of(self.teacher)

    def block_outputs(self, rows: Tensor) -> Tensor:
        gathered = gather_receptive_fields(self.teacher, rows[..., None])[..., 0]
        features = ops.matmul(ops.transpose(gathered, (1, 0, 2)), self._weights())
        return ops.transpose(features, (1, 2, 0))

    def features_last(self, inputs: Tensor) -> Tensor:
        teacher = self.teacher
        gathered = gather_receptive_fields(teacher, self._flat(inputs))
        weights = ops.transpose(self._weights(), (0, 2, 1))
        # As many axes as its partner has: with fewer, TensorFlow 2.21's matrix
        # product of oneDNN writes past its memory (tensorflow #117700).
        features = ops.matmul(weights[None], gathered)
        maps = gathered.shape[-1]
        return ops.reshape(features, (-1, teacher.positions_out, self.blocks * maps))

    def mix_features_last(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        if self.deforms(inputs.shape[-1], kernel.shape[-1]):
            return self._with_deformed_kernel(inputs, kernel)
        return super().mix_features_last(inputs, kernel)

    def deforms(self, channels: int, filters: int) -> bool:
        """Whether a call computes the kernel at each position, rather than features
        there: cheaper for few channels and filters, as of images.

        Args:
            channels: Integer, of the inputs.
            filters: Integer, of the kernel.

        Returns:
            Boolean.
        """
        maps_in = self.teacher.representation_in * channels
        maps_out = self.teacher.representation_out * filters
        return maps_in * maps_out <= MOST_DEFORMED

    def mix_in_groups(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        teacher, filters = self.teacher, kernel.shape[-1]
        sizes = teacher.representation_in, teacher.representation_out
        depthwise = kernel.shape[-2] == 1 and sizes == (1, 1)
        if not depthwise or filters != inputs.shape[-1]:
            return super().mix_in_groups(inputs, kernel)
        # One filter for each channel: a kernel at each position is cheapest.
        gathered = gather_receptive_fields(teacher, self._flat(inputs))
        kernels = ops.reshape(self._deformed(kernel), (*gathered.shape[1:3], filters))
        return ops.sum(gathered * kernels, axis=2)

    def _with_deformed_kernel(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        teacher, kernels = self.teacher, self._deformed(kernel)
        kernels = ops.reshape(kernels, (teacher.positions_out, -1, kernels.shape[-1]))
        gathered = receptive_fields_by_position(teacher, self._flat(inputs))
        return ops.transpose(ops.matmul(gathered, kernels), (1, 0, 2))

    def _flat(self, inputs: Tensor) -> Tensor:
        """Inputs of shape `(batch, positions_in, representation_in · channels)`."""
        maps = self.teacher.representation_in * inputs.shape[-1]
        return ops.reshape(inputs, (-1, self.teacher.positions_in, maps))

    def _deformed(self, kernel: Tensor) -> Tensor:
        """The kernel at each position, of shape `(positions_out · r, representation_in
        · channels, representation_out · filters)`."""
        coefficients = self.coefficients_by_block(kernel)
        _, rows, columns = coefficients.shape
        coefficients = ops.reshape(coefficients, (self.blocks, -1))
        weights = ops.reshape(self._weights(), (-1, self.blocks))
        kernels = ops.matmul(weights, coefficients)
        return ops.reshape(kernels, (-1, rows, columns))

    def _weights(self) -> Tensor:
        return ops.cast(self.local_weights, self.compute_dtype)

    def receptive_field_weights(self) -> tuple[Array, float]:
        return ops.convert_to_numpy(self.local_weights), 0.0

    def weights_at(self, position: int, receptive_field: Array) -> Tensor:
        return self.local_weights[position]

    def coordinates(self, operators: Operators) -> Iterator[tuple[None, Array]]:
        yield None, receptive_field_responses(self.teacher, operators)

    def assign_coordinates(self, pieces: Iterable[tuple[None, Tensor]]) -> None:
        ((_, values),) = pieces
        weights = np.zeros(self.local_weights.shape, "float32")
        weights[:, :, : values.shape[-1]] = ops.convert_to_numpy(values)
        self.local_weights.assign(weights)

    def by_position(self, values: Array) -> Array:
        return values.sum(axis=(1, 2))

    def plain_parameters(self, maps: int) -> int | None:
        # At every position, also of students that share them in regions.
        size = receptive_field_size_of(self.teacher)
        weights = self.teacher.positions_out * size * self.blocks
        if (field := relative_receptive_field(self.teacher)) is not None:
            return weights + maps * field.kernel.size
        if (fields := transposed_receptive_fields(self.teacher)) is not None:
            return weights + fields.plain_entries
        return None

    def plain_blocks(self, maps: int) -> PlainLayers:
        field: RelativeReceptiveField | TransposedReceptiveFields | None
        if (field := relative_receptive_field(self.teacher)) is None:
            field = transposed_receptive_fields(self.teacher)
        assert field is not None  # or `plain_parameters` is None
        positions = self.local_weights.shape[0]
        product = keras.layers.EinsumDense(
            "npmr,prb->npmb", (positions, maps, self.blocks), name="blocks"
        )
        return [
            (keras.layers.Permute((2, 1)), []),
            *field.plain_layers(maps),
            (product, [ops.convert_to_numpy(self.local_weights)]),
            (keras.layers.Reshape((positions, maps * self.blocks)), []),
            (keras.layers.Permute((2, 1)), []),
        ]


def receptive_field_responses(teacher: Teacher, operators: Operators) -> Array:
    """A teacher's operators within its receptive fields.

    Args:
        teacher: `Teacher`.
        operators: `Operators`.

    Returns:
        Array of shape `(positions_out, r, operators)`, zero for padding.
    """
    colours = colours_of(teacher)
    # Impulses at all positions of a colour at once: no receptive field has two.
    impulses = (colours == np.arange(colours.max() + 1)[:, None]).astype("float32")
    size = operators.batch_size
    responses = np.concatenate(
        [
            ops.convert_to_numpy(operators(impulses[start : start + size]))
            for start in range(0, len(impulses), size)
        ]
    )
    fields = receptive_fields_of(teacher)
    found = responses[colours[fields], np.arange(teacher.positions_out)[:, None]]
    found[fields < 0] = 0
    return found
