"""Students whose blocks see the neighbourhood of each output point."""

import keras
import numpy as np
from keras import ops

from symclone_tf.students.base import Student
from symclone_tf.students.receptive_fields import (
    colours_of,
    receptive_field_size_of,
    receptive_fields_of,
)
from symclone_tf.students.relative_fields import (
    gather_receptive_fields,
    receptive_fields_by_position,
    relative_receptive_field,
)

# Entries of a kernel, without its pixels, up to which a place has one of its own.
MOST_DEFORMED = 256
# Weights up to which neighbourhoods are looked at before the student is built.
MOST_CHECKED = 2**24


@Student.register("local")
class LocallyConnectedStudent(Student):
    """Blocks of one weight for each point that an output point sees.

    `φ_b(x)[p] = Σ_{v<r} W[p,v,b] · x[receptive_fields[p,v]]`, with W of shape
    `(positions_out, r, blocks)`. The student knows that points have neighbours, and
    has to learn that they all do the same. Where an exact copy of a k×k
    convolution takes k² Dense blocks with k²·n²·m² weights, here it takes
    k⁴·m².

    Args:
        teacher: `Teacher`, whose sizes and neighbourhoods the student takes. One
            that names no neighbourhoods is asked with unit impulses.
        blocks: Integer, the number of blocks; `None` for the teacher's rank,
            which is what an exact copy needs: k² for a k×k convolution.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, if inputs and kernel
            have other shapes than the teacher's, or if the neighbourhoods that
            the teacher names do not fit it.
        TypeError: If the teacher is none.
        MemoryError: If the teacher has too many points to be asked.

    Example:

    >>> student = LocallyConnectedStudent(ConvTeacher("c4", image_size=28), seed=0)
    >>> x = keras.random.normal((2, 28, 28, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 26, 26, 4, 5])
    >>> student.parameters  # of DenseStudent 4,769,892
    55080
    """

    is_linear = True
    maps_last = True

    def __init__(self, teacher, blocks=None, seed=None, **kwargs):
        super().__init__(teacher, blocks, seed, **kwargs)
        if self.block_parameters <= MOST_CHECKED:
            receptive_fields_of(teacher)  # refuses what does not fit, before any work

    def build_blocks(self):
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
        # What is seen, and what the blocks make of it.
        return self.teacher.positions_out * (
            receptive_field_size_of(self.teacher) + self.blocks
        )

    @property
    def colours(self) -> np.ndarray:
        """Integer array of shape `(positions_in,)`, see `colours_of`."""
        return colours_of(self.teacher)

    def block_outputs(self, rows):
        seen = gather_receptive_fields(self.teacher, rows[..., None])[..., 0]
        features = ops.matmul(ops.transpose(seen, (1, 0, 2)), self._weights())
        return ops.transpose(features, (1, 2, 0))

    def features_last(self, inputs):
        teacher = self.teacher
        maps = teacher.representation_in * inputs.shape[-1]
        points = ops.reshape(inputs, (-1, teacher.positions_in, maps))
        weights = ops.transpose(self._weights(), (0, 2, 1))
        # As many axes as its partner has: with fewer, TensorFlow 2.21's matrix
        # product of oneDNN writes past its memory (tensorflow #117700).
        features = ops.matmul(weights[None], gather_receptive_fields(teacher, points))
        return ops.reshape(features, (-1, teacher.positions_out, self.blocks * maps))

    def mix_features_last(self, inputs, kernel):
        if self.deforms(inputs.shape[-1], kernel.shape[-1]):
            return self._with_deformed_kernel(inputs, kernel)
        return super().mix_features_last(inputs, kernel)

    def deforms(self, channels, filters) -> bool:
        """Whether the kernel is deformed at each place, rather than what is seen
        there: cheaper where it is small, as for images of few channels.

        Args:
            channels: Integer, of the inputs.
            filters: Integer, of the kernel.
        """
        representation_in = self.teacher.representation_in * channels
        return (
            representation_in * self.teacher.representation_out * filters
            <= MOST_DEFORMED
        )

    def mix_in_groups(self, inputs, kernel):
        teacher, representation_out = self.teacher, kernel.shape[-1]
        alone = (
            kernel.shape[-2]
            == teacher.representation_in
            == teacher.representation_out
            == 1
        )
        if not alone or representation_out != inputs.shape[-1]:
            return super().mix_in_groups(inputs, kernel)
        # Each channel for itself: a kernel of its own at each place is cheapest.
        seen = gather_receptive_fields(
            teacher, ops.reshape(inputs, (-1, *self._flat(inputs)))
        )
        kernels = ops.reshape(
            self._deformed(kernel), (*seen.shape[1:3], representation_out)
        )
        return ops.sum(seen * kernels, axis=2)

    def _with_deformed_kernel(self, inputs, kernel):
        teacher, kernels = self.teacher, self._deformed(kernel)
        kernels = ops.reshape(kernels, (teacher.positions_out, -1, kernels.shape[-1]))
        flat = ops.reshape(inputs, (-1, *self._flat(inputs)))
        positions = receptive_fields_by_position(teacher, flat)
        return ops.transpose(ops.matmul(positions, kernels), (1, 0, 2))

    def _flat(self, inputs):
        """Points and maps of inputs."""
        return self.teacher.positions_in, self.teacher.representation_in * inputs.shape[
            -1
        ]

    def _deformed(self, kernel):
        """The kernel at each place, `(positions_out · r, representation_in · channels, representation_out ·
        filters)`."""
        mixing = self.coefficients(kernel)
        rows, columns = mixing.shape
        mixing = ops.reshape(mixing, (rows // self.blocks, self.blocks, columns))
        mixing = ops.reshape(ops.transpose(mixing, (1, 0, 2)), (self.blocks, -1))
        weights = ops.reshape(self._weights(), (-1, self.blocks))
        kernels = ops.matmul(weights, mixing)
        return ops.reshape(kernels, (-1, rows // self.blocks, columns))

    def _weights(self):
        return ops.cast(self.local_weights, self.compute_dtype)

    def receptive_field_weights(self):
        return ops.convert_to_numpy(self.local_weights), 0.0

    def weights_at(self, position, seen):
        return self.local_weights[position]

    def coordinates(self, ask):
        teacher, colours = self.teacher, self.colours
        # All points of a colour at once: no output point sees two of them.
        shown = (colours == np.arange(colours.max() + 1)[:, None]).astype("float32")
        answers = np.concatenate(
            [
                ops.convert_to_numpy(ask(shown[start : start + ask.most]))
                for start in range(0, len(shown), ask.most)
            ]
        )
        seen = receptive_fields_of(teacher)
        found = answers[colours[seen], np.arange(teacher.positions_out)[:, None]]
        found[seen < 0] = 0
        yield None, found

    def assign_coordinates(self, pieces):
        ((_, values),) = pieces
        weights = np.zeros(self.local_weights.shape, "float32")
        weights[:, :, : values.shape[-1]] = values
        self.local_weights.assign(weights)

    def by_position(self, values):
        return values.sum(axis=(1, 2))

    def plain_parameters(self, maps):
        window = relative_receptive_field(self.teacher)
        return window and self.block_parameters + maps * window.kernel.size

    def plain_blocks(self, maps):
        window = relative_receptive_field(self.teacher)
        points, seen = self.teacher.positions_out, receptive_field_size_of(self.teacher)
        product = keras.layers.EinsumDense(
            "npmr,prb->npmb", (points, maps, self.blocks), name="blocks"
        )
        return [
            (keras.layers.Permute((2, 1)), []),
            *window.plain_layers(maps),
            (keras.layers.Reshape((points, maps, seen)), []),
            (product, [ops.convert_to_numpy(self.local_weights)]),
            (keras.layers.Reshape((points, maps * self.blocks)), []),
            (keras.layers.Permute((2, 1)), []),
        ]
