"""Linear blocks that are translation equivariant, computed as one convolution."""

import functools
import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.backends import backend
from symclone_tf.students.convolution_geometry import (
    geometry_of,
    grid_of,
    relative_field_of,
)
from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.translation_equivariance import (
    TranslationEquivariance,
    translation_equivariance,
)
from symclone_tf.students.transposed_fields import transposed_kernel
from symclone_tf.teachers import Teacher, TransposedConvTeacher, convolve
from symclone_tf.types import Array, Tensor

# Unit impulses of one call of the blocks.
CHUNK = 256


class Convolving(keras.layers.Layer):
    """Linear blocks that are translation equivariant, as one convolution.

    The part of `Student` that measures whether they are, and computes the
    convolution of kernel `K[v,g,c,h,o] = Σ_b W[v,b] · α[b,g,h,c,o]`, where v is a
    position in the relative receptive field.
    """

    teacher: Teacher
    blocks: int
    # The last measurement, as long as it holds: a frozen layer needs it whenever it is
    # called or traced, and it takes a pass over all weights. Keras does not notify
    # a layer when its variables are assigned, so `trainable` and `weights_changed`
    # discard it.
    _translation_equivariance: TranslationEquivariance | None = None
    # Whether a call has computed as a convolution. Its traced function keeps doing so
    # after weights were loaded, and nothing but a warning can reach it.
    _called_as_convolution = False

    def translation_equivariance(self) -> TranslationEquivariance:
        """Measures whether the blocks are translation equivariant.

        Blocks that are frozen are measured once, and again after weights were loaded
        or solved for; trainable ones each time.

        Returns:
            `TranslationEquivariance`.
        """
        if self._translation_equivariance is not None:
            return self._translation_equivariance
        found = self._measure()
        if self.built and not any(w.trainable for w in self.block_weights):
            self._translation_equivariance = found
        return found

    def _measure(self) -> TranslationEquivariance:
        # While a function is traced, variables have no values to measure within it.
        with backend().outside_of_functions():
            return translation_equivariance(self)

    def measure_ahead(self) -> None:
        """Measures frozen blocks now, where variables will have no values."""
        if backend().reaches_variables or not self.built:
            return
        if not any(weight.trainable for weight in self.block_weights):
            self.translation_equivariance()

    @property
    def trainable(self) -> bool:
        """Whether the student's weights are trainable."""
        return super().trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, value)
        # Weights that were trained are no longer those that were measured.
        self._translation_equivariance = None
        self.measure_ahead()

    def weights_changed(self) -> None:
        """Discards what was measured of the blocks' weights.

        To be called after weights were assigned. Keras' loading of weights calls it.
        """
        self._translation_equivariance = None
        self.measure_ahead()
        if not self._called_as_convolution:
            return
        # Not kept: other layers of the student may still be loaded.
        found = self._measure()
        if not found.is_convolution:
            self._called_as_convolution = False
            warnings.warn(
                "A frozen layer has computed as a convolution, and its student's new "
                f"weights are not one: {found.reason}. Compile the model again, or "
                'make the layer with compute="blocks".',
                stacklevel=3,
            )

    def convolve(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The outputs of a call, computed as one convolution.

        Args:
            inputs: Tensor, as in a call of the layer.
            kernel: Tensor, likewise.

        Returns:
            Tensor, likewise.
        """
        self.check_shapes(inputs.shape, kernel.shape)
        self._called_as_convolution = True
        if isinstance(self.teacher, TransposedConvTeacher):
            bank = ops.cast(self.convolution_kernel(kernel), inputs.dtype)
            outputs = self.teacher(inputs, bank)
            # With the static shape, which TensorFlow does not infer.
            return ops.reshape(
                outputs, (-1, *self.teacher.output_shape, bank.shape[-1])
            )
        teacher = self.teacher
        # In the layer's precision, as Keras' own convolution.
        bank = ops.cast(self.convolution_kernel(kernel), inputs.dtype)
        images, _ = self.as_images(inputs)
        strides, padding, dilation_rate = geometry_of(teacher)
        if not isinstance(padding, str):
            images = ops.pad(images, ((0, 0), *padding, (0, 0)))
            padding = "valid"
        outputs = convolve(
            images,
            bank,
            strides,
            padding,
            dilation_rate,
            inputs.shape[-1] // kernel.shape[-2],
            teacher.representation_in,
            teacher.representation_out,
        )
        return self.as_outputs(outputs, kernel.shape[-1])

    def as_images(self, inputs: Tensor) -> tuple[Tensor, tuple[Any, ...]]:
        """Inputs with all feature maps in one axis, as a convolution takes them.

        Args:
            inputs: Tensor, as in a call of the layer.

        Returns:
            Pair of a tensor of shape `(batch, *sizes, representation_in · channels)`,
            and the sizes, tensors where they are not known.
        """
        teacher, sizes = self.teacher, tuple(ops.shape(inputs)[1 : 1 + self.free_axes])
        if not self.free_axes:
            sizes = grid_of(teacher)
        maps = teacher.representation_in * inputs.shape[-1]
        if len(inputs.shape) != len(sizes) + 2 or inputs.shape[-1] != maps:
            inputs = ops.reshape(inputs, (-1, *sizes, maps))
        return inputs, sizes

    def as_outputs(self, outputs: Tensor, filters: int) -> Tensor:
        """A convolution's outputs, in the shape of the student's.

        Args:
            outputs: Tensor of shape `(batch, *sizes, representation_out · filters)`.
            filters: Integer.

        Returns:
            Tensor, as from a call of the layer.
        """
        shape = self.teacher.output_shape
        if self.free_axes:
            sizes = tuple(ops.shape(outputs)[1:-1])
            shape = (*sizes, *shape[self.free_axes :])
        if len(outputs.shape) == len(shape) + 2 and outputs.shape[-1] == filters:
            return outputs
        return ops.reshape(outputs, (-1, *shape, filters))

    def convolution_kernel(self, kernel: Tensor) -> Tensor:
        """The kernel of that convolution.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(*kernel_size, representation_in · channels,
            representation_out · filters)`; `(*kernel_shape, channels, filters)` for
            a `TransposedConvTeacher`.
        """
        if isinstance(self.teacher, TransposedConvTeacher):
            return transposed_kernel(self, kernel)
        coefficients = self.coefficients_by_block(kernel)
        _, rows, columns = coefficients.shape
        coefficients = ops.reshape(coefficients, (self.blocks, -1))
        weights = ops.cast(self._tied_weights(), coefficients.dtype)
        windows = self.teacher.windows
        if windows is not None:
            sizes = tuple(window.size for window in windows)
        else:
            unit_kernels = relative_field_of(self.teacher).dense_kernel
            *rest, size = unit_kernels.shape
            sizes = tuple(rest)
            unit_kernels = ops.cast(unit_kernels.reshape(-1, size), weights.dtype)
            weights = ops.matmul(unit_kernels, weights)
        return ops.reshape(ops.matmul(weights, coefficients), (*sizes, rows, columns))

    def _tied_weights(self) -> Tensor:
        """The blocks' weights in a receptive field, `(r, blocks)`, at any position."""
        fields, weights = receptive_fields_of(self.teacher), 0
        for position, entries in _showing_positions(self.teacher):
            shown = self.weights_at(position, fields[position])
            if entries.all():
                return shown
            weights += ops.where(entries[:, None], shown, ops.zeros_like(shown))
        return weights

    def weights_at(self, position: int, receptive_field: Array) -> Tensor:
        """The blocks' weights at one output position.

        Args:
            position: Integer, the output position.
            receptive_field: Integer array of shape `(r,)`, its input positions.

        Returns:
            Tensor of shape `(r, blocks)`.
        """
        rows = np.eye(self.teacher.positions_in, dtype="float32")[receptive_field]
        return self.block_outputs(rows)[:, :, position]

    def receptive_field_weights(self) -> tuple[Array, float]:
        """The blocks' weights within the receptive field of each output position.

        Returns:
            Pair of an array of shape `(positions_out, r, blocks)`, and the squared
            norm of all weights outside of the receptive fields.
        """
        receptive_fields = receptive_fields_of(self.teacher)
        positions_in = self.teacher.positions_in
        weights = np.zeros((*receptive_fields.shape, self.blocks), "float32")
        outside = 0.0
        for start in range(0, positions_in, CHUNK):
            count = min(CHUNK, positions_in - start)
            responses = self.impulse_responses(start, count)
            # A copy: tensors may share the weights' memory.
            responses = np.array(ops.convert_to_numpy(responses))
            in_chunk = (receptive_fields >= start) & (receptive_fields < start + count)
            positions, entries = np.nonzero(in_chunk)
            rows = receptive_fields[positions, entries] - start
            weights[positions, entries] = responses[rows, :, positions]
            responses[rows, :, positions] = 0
            outside += float(np.sum(np.square(responses), dtype="float64"))
        return weights, outside

    def by_position(self, values: Array) -> Array:
        """Sums of values, one for each weight of the blocks, over output positions.

        Args:
            values: Array of the shape of one of `block_weights`.

        Returns:
            Array of shape `(positions_out,)`, the sum over the weights of each output
            position; equal parts of the total where weights have no position.
        """
        positions = self.teacher.positions_out
        return np.full(positions, values.sum() / positions)

    def impulse_responses(self, start: int, count: int) -> Tensor:
        """The blocks' outputs for unit impulses at consecutive input positions.

        Args:
            start: Integer, the first input position.
            count: Integer, the number of positions.

        Returns:
            Tensor of shape `(count, blocks, positions_out)`.
        """
        rows = np.eye(count, self.teacher.positions_in, start, dtype="float32")
        return self.block_outputs(rows)


# Frozen layers need them in every call.
@functools.lru_cache(maxsize=64)
def _showing_positions(teacher: Teacher) -> list[tuple[int, Array]]:
    """Output positions whose receptive fields together show all entries of a kernel:
    one in the middle, without padding in its receptive field, or several if there is
    none.

    Returns:
        List of pairs of a position and a boolean array of shape `(r,)`, the entries
        that no position before it shows.
    """
    inside = receptive_fields_of(teacher) >= 0
    found: list[tuple[int, Array]] = []
    while inside.any():
        counts = inside.sum(axis=1)
        most = np.flatnonzero(counts == counts.max())
        position = int(most[len(most) // 2])
        entries = inside[position].copy()
        found.append((position, entries))
        inside[:, entries] = False
    return found
