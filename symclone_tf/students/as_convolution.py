"""What a student computes whose blocks do the same everywhere: one convolution."""

import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.relative_fields import relative_receptive_field
from symclone_tf.students.translation_equivariance import (
    TranslationEquivariance,
    translation_equivariance,
)
from symclone_tf.teachers import convolve

# How many unit impulses to put through blocks at once.
CHUNK = 256


class Convolving:
    """Linear blocks that do the same everywhere, computed as one convolution.

    The part of `Student` that says whether this is so, and computes it: `K[v,g,c,
    h,o] = Σ_b W[v,b] · α[b,g,h,c,o]`, where v is a place in the window that all
    output points see through.
    """

    # What was measured of the weights, and whether a call has relied on it.
    _translation_equivariance = None
    _relied_on = False

    def translation_equivariance(self) -> TranslationEquivariance:
        """Whether the blocks do the same in all places.

        Measured each time while blocks train; else once, and again after weights
        were loaded or solved for.

        Returns:
            `TranslationEquivariance`.
        """
        if self._translation_equivariance is not None:
            return self._translation_equivariance
        # Weights are read as they are, also while a function is traced.
        with tf.init_scope():
            found = translation_equivariance(self)
        if self.built and not any(w.trainable for w in self.block_weights):
            self._translation_equivariance = found
        return found

    @property
    def trainable(self):
        """Whether the student's weights train."""
        return super().trainable

    @trainable.setter
    def trainable(self, value):
        keras.layers.Layer.trainable.fset(self, value)
        # What trains, or has trained, is not what was measured.
        self._translation_equivariance = None

    def weights_changed(self) -> None:
        """Has the blocks measured again.

        Who sets weights calls this; what Keras loads calls it by itself.
        """
        self._translation_equivariance = None
        if self._relied_on and not self.translation_equivariance().is_convolution:
            self._relied_on = False
            warnings.warn(
                "A frozen layer has computed as a convolution, and its student's new "
                f"weights are none: {self.translation_equivariance().reason}. Compile the model "
                'again, or make the layer with compute="blocks".',
                stacklevel=3,
            )

    def convolve(self, inputs, kernel):
        """What a call computes, as one convolution.

        Args:
            inputs: Tensor, as in a call of the layer.
            kernel: Tensor, likewise.

        Returns:
            Tensor, likewise.
        """
        self.check_shapes(inputs.shape, kernel.shape)
        self._relied_on = True
        window, teacher = relative_receptive_field(self.teacher), self.teacher
        # In the layer's precision, as Keras' own convolution.
        bank = ops.cast(self.convolution_kernel(kernel), inputs.dtype)
        channels = inputs.shape[-1]
        images = ops.reshape(
            inputs, (-1, *window.grid, teacher.representation_in * channels)
        )
        if window.padding_name is None:
            images = ops.pad(images, ((0, 0), *window.padding, (0, 0)))
        outputs = convolve(
            images,
            bank,
            window.strides,
            window.padding_name or "valid",
            window.dilation_rate,
            channels // kernel.shape[-2],
            teacher.representation_in,
            teacher.representation_out,
        )
        return ops.reshape(outputs, (-1, *teacher.output_shape, kernel.shape[-1]))

    def convolution_kernel(self, kernel):
        """The kernel of that convolution.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(kh, kw, representation_in · channels, representation_out · filters)`.
        """
        mixing = self.coefficients(kernel)
        rows, columns = mixing.shape
        mixing = ops.reshape(mixing, (rows // self.blocks, self.blocks, columns))
        mixing = ops.reshape(ops.transpose(mixing, (1, 0, 2)), (self.blocks, -1))
        positions = relative_receptive_field(self.teacher).dense_kernel
        height, width, seen = positions.shape
        # Each of the points that are seen is brought to its place in the window.
        positions = ops.cast(positions.reshape(-1, seen), mixing.dtype)
        weights = ops.cast(self.weights_at(*_whole(self.teacher)), mixing.dtype)
        weights = ops.matmul(positions, weights)
        return ops.reshape(
            ops.matmul(weights, mixing), (height, width, rows // self.blocks, columns)
        )

    def weights_at(self, position, seen):
        """The blocks' weights at one output point.

        Args:
            place: Integer, the output point.
            seen: Integer array of shape `(r,)`, the input points that it sees.

        Returns:
            Tensor of shape `(r, blocks)`.
        """
        rows = np.eye(self.teacher.positions_in, dtype="float32")[seen]
        return self.block_outputs(rows)[:, :, position]

    def receptive_field_weights(self):
        """The blocks' weights, by what each output point sees.

        Returns:
            Pair of an array of shape `(positions_out, r, blocks)`, and the squared
            norm of all weights of what output points do not see.
        """
        seen, points = receptive_fields_of(self.teacher), self.teacher.positions_in
        found = np.zeros((*seen.shape, self.blocks), "float32")
        rest = 0.0
        for start in range(0, points, CHUNK):
            count = min(CHUNK, points - start)
            answers = self.impulse_responses(start, count)
            # A copy: tensors may share the weights' memory.
            answers = np.array(ops.convert_to_numpy(answers))
            positions, which = np.nonzero((seen >= start) & (seen < start + count))
            rows = seen[positions, which] - start
            found[positions, which] = answers[rows, :, positions]
            answers[rows, :, positions] = 0
            rest += float(np.sum(np.square(answers), dtype="float64"))
        return found, rest

    def by_position(self, values):
        """Sums of values, one for each weight of the blocks, over output points.

        Args:
            values: Array of the shape of one of `block_weights`.

        Returns:
            Array of shape `(positions_out,)`, what belongs to each output point;
            evenly spread by students that do not tell.
        """
        points = self.teacher.positions_out
        return np.full(points, values.sum() / points)

    def impulse_responses(self, start, count):
        """What every block makes of unit impulses, one point after the other.

        Args:
            start: Integer, the first input point.
            count: Integer, how many.

        Returns:
            Tensor of shape `(count, blocks, positions_out)`.
        """
        rows = np.eye(count, self.teacher.positions_in, start, dtype="float32")
        return self.block_outputs(rows)


def _whole(teacher):
    """An output point that sees no padding, in the middle, and what it sees."""
    seen = receptive_fields_of(teacher)
    whole = np.flatnonzero(np.all(seen >= 0, axis=1))
    position = int(whole[len(whole) // 2])
    return position, seen[position]
