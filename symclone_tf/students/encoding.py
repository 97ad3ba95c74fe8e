"""What a student computes with an encoded kernel, and in which order."""

import keras
from keras import ops

from symclone_tf.teachers import Teacher
from symclone_tf.types import Tensor


class KernelEncoding(keras.layers.Layer):
    """Blocks whose coefficients are an encoding of the kernel.

    The part of `Student` that computes `y[n,p,h,o] = Σ_{g,c,b} φ_b(x[n,:,g,c])[p]
    · α[b,g,h,c,o]`, where `α = ψ · E`. It mixes feature maps by the coefficients α
    before the blocks or after them.
    """

    teacher: Teacher
    blocks: int

    def call(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        self.check_shapes(inputs.shape, kernel.shape)
        if inputs.shape[-1] != kernel.shape[-2]:
            outputs = self.mix_in_groups(inputs, kernel)
        elif self.mixes_inputs(inputs.shape[-1], kernel.shape[-1]):
            outputs = self._mix_inputs(inputs, kernel)
        elif self.maps_last:
            outputs = self.mix_features_last(inputs, kernel)
        else:
            coefficients = ops.transpose(self.coefficients(kernel))
            outputs = ops.matmul(coefficients, self.features(inputs))
            # The few outputs are transposed, not the many features.
            outputs = ops.transpose(outputs, (0, 2, 1))
        return ops.reshape(outputs, (-1, *self.teacher.output_shape, kernel.shape[-1]))

    def mixes_inputs(self, channels: int, filters: int) -> bool:
        """Whether it is cheaper to mix before the blocks than after them.

        One product computes all linear blocks of mixed inputs. This is cheaper for
        layers with fewer feature maps in their outputs than in their inputs.

        Args:
            channels: Integer, of the inputs.
            filters: Integer, of the kernel.

        Returns:
            Boolean.
        """
        if not self.sums_blocks:
            return False
        first, last = (self.operations(channels, filters, f) for f in (True, False))
        return first < last

    def operations(
        self, channels: int, filters: int, mixing_first: bool | None = None
    ) -> int:
        """Multiplications for one sample, once the kernel is encoded.

        Args:
            channels: Integer, of the inputs.
            filters: Integer, of the kernel.
            mixing_first: Boolean, whether inputs are mixed, rather than
                features; `None` for what is cheaper.

        Returns:
            Integer.
        """
        if mixing_first is None:
            mixing_first = self.mixes_inputs(channels, filters)
        teacher = self.teacher
        maps_in = teacher.representation_in * channels
        maps_out = teacher.representation_out * filters
        mapped = maps_out if mixing_first else maps_in
        positions = teacher.positions_in if mixing_first else teacher.positions_out
        mixing = maps_in * maps_out * self.blocks * positions
        return mapped * self.block_operations + mixing

    def _mix_inputs(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        teacher = self.teacher
        maps_in = teacher.representation_in * inputs.shape[-1]
        maps_out = teacher.representation_out * kernel.shape[-1]
        positions = teacher.positions_in
        coefficients = ops.reshape(
            self.coefficients(kernel), (maps_in, self.blocks * maps_out)
        )
        flat = ops.reshape(inputs, (-1, positions, maps_in))
        mixed = ops.matmul(flat, coefficients)
        mixed = ops.reshape(mixed, (-1, positions, self.blocks, maps_out))
        rows = ops.reshape(
            ops.transpose(mixed, (0, 3, 1, 2)), (-1, positions, self.blocks)
        )
        outputs = self.sum_of_blocks(rows)
        outputs = ops.reshape(outputs, (-1, maps_out, teacher.positions_out))
        return ops.transpose(outputs, (0, 2, 1))

    def mix_features_last(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The outputs from `features_last`.

        Args:
            inputs: Tensor, as in a call of the layer.
            kernel: Tensor, likewise.

        Returns:
            Tensor with `batch · positions_out · representation_out · filters`
            entries, in this order.
        """
        # One product, rather than one for each sample.
        coefficients = self.coefficients_by_block(kernel)
        coefficients = ops.reshape(coefficients, (-1, coefficients.shape[-1]))
        features = self.features_last(inputs)
        features = ops.reshape(features, (-1, coefficients.shape[0]))
        return ops.matmul(features, coefficients)

    def mix_in_groups(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The outputs of a kernel for groups of channels.

        Args:
            inputs: Tensor, as in a call of the layer.
            kernel: Tensor, likewise.

        Returns:
            Tensor with `batch · positions_out · representation_out · filters`
            entries, in this order.
        """
        teacher, channels = self.teacher, kernel.shape[-2]
        size_in, size_out = teacher.representation_in, teacher.representation_out
        groups = inputs.shape[-1] // channels
        shared = kernel.shape[-1] // groups
        coefficients = ops.reshape(
            self.coefficients(kernel),
            (size_in, channels, self.blocks, size_out, groups, shared),
        )
        coefficients = ops.transpose(coefficients, (4, 2, 0, 1, 3, 5))
        rows = self.blocks * size_in * channels
        coefficients = ops.reshape(coefficients, (groups, rows, size_out * shared))
        features = ops.reshape(
            self.features_last(inputs), (-1, self.blocks * size_in, groups, channels)
        )
        features = ops.reshape(
            ops.transpose(features, (2, 0, 1, 3)), (groups, -1, rows)
        )
        outputs = ops.reshape(
            ops.matmul(features, coefficients),
            (groups, -1, teacher.positions_out, size_out, shared),
        )
        return ops.transpose(outputs, (1, 2, 3, 0, 4))

    def call_pairs(self, inputs: Tensor, kernels: Tensor) -> Tensor:
        """Applies one kernel to each input, as a served clone does.

        Args:
            inputs: Tensor of shape `(batch, *input_shape)`.
            kernels: Tensor of shape `(batch, *kernel_shape)`.

        Returns:
            Tensor of shape `(batch, *output_shape)`.
        """
        teacher = self.teacher
        features = self.features_last(inputs[..., None])
        rows = teacher.representation_in * self.blocks
        encoded = self.encoder(ops.reshape(kernels, (-1, teacher.kernel_entries)))
        coefficients = ops.reshape(encoded, (-1, rows, teacher.representation_out))
        outputs = ops.matmul(features, coefficients)
        return ops.reshape(outputs, (-1, *teacher.output_shape))

    def features(self, inputs: Tensor) -> Tensor:
        """The outputs of every block for every feature map of the inputs.

        Args:
            inputs: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(batch, representation_in · channels · blocks,
            positions_out)`.
        """
        teacher = self.teacher
        maps = teacher.representation_in * inputs.shape[-1]
        flat = ops.reshape(inputs, (-1, teacher.positions_in, maps))
        rows = ops.reshape(ops.transpose(flat, (0, 2, 1)), (-1, teacher.positions_in))
        features = self.block_outputs(rows)
        return ops.reshape(features, (-1, maps * self.blocks, teacher.positions_out))

    def features_last(self, inputs: Tensor) -> Tensor:
        """The same features, with positions first, and blocks before feature maps.

        Args:
            inputs: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(batch, positions_out, blocks · representation_in ·
            channels)`.
        """
        positions = self.teacher.positions_out
        maps = self.teacher.representation_in * inputs.shape[-1]
        features = self.features(inputs)
        features = ops.reshape(features, (-1, maps, self.blocks, positions))
        features = ops.transpose(features, (0, 3, 2, 1))
        return ops.reshape(features, (-1, positions, self.blocks * maps))

    def coefficients(self, kernel: Tensor) -> Tensor:
        """The coefficients of the blocks that encode a kernel.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(representation_in · channels · blocks,
            representation_out · filters)`.
        """
        teacher = self.teacher
        size_in, size_out = teacher.representation_in, teacher.representation_out
        channels, filters = kernel.shape[-2:]
        entries = ops.reshape(kernel, (teacher.kernel_entries, channels, filters))
        encoded = self.encoder(ops.transpose(entries, (1, 2, 0)))
        encoded = ops.reshape(
            encoded, (channels, filters, self.blocks, size_in, size_out)
        )
        return ops.reshape(
            ops.transpose(encoded, (3, 0, 2, 4, 1)), (-1, size_out * filters)
        )

    def coefficients_by_block(self, kernel: Tensor) -> Tensor:
        """The same coefficients, blocks first.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(blocks, representation_in · channels,
            representation_out · filters)`.
        """
        coefficients = self.coefficients(kernel)
        rows, columns = coefficients.shape
        coefficients = ops.reshape(
            coefficients, (rows // self.blocks, self.blocks, columns)
        )
        return ops.transpose(coefficients, (1, 0, 2))
