"""What a student computes of its blocks, and in which order."""

from keras import ops


class Mixing:
    """Blocks mixed by an encoded kernel, before them or after them.

    The part of `Student` that computes: `y[n,p,h,o] = Σ_{g,c,b} φ_b(x[n,:,g,c])[p]
    · α[b,g,h,c,o]`, where `α = ψ · E`.
    """

    def call(self, inputs, kernel):
        self.check_shapes(inputs.shape, kernel.shape)
        if inputs.shape[-1] != kernel.shape[-2]:
            outputs = self.mix_in_groups(inputs, kernel)
        elif self.mixes_inputs(inputs.shape[-1], kernel.shape[-1]):
            outputs = self._mix_inputs(inputs, kernel)
        elif self.maps_last:
            outputs = self.mix_features_last(inputs, kernel)
        else:
            mixing = ops.transpose(self.coefficients(kernel))
            outputs = ops.matmul(mixing, self.features(inputs))
            # The product's few maps are transposed, not the many features.
            outputs = ops.transpose(outputs, (0, 2, 1))
        return ops.reshape(outputs, (-1, *self.teacher.output_shape, kernel.shape[-1]))

    def mixes_inputs(self, channels, filters) -> bool:
        """Whether it is cheaper to mix before the blocks than after them.

        Mixed inputs go through all linear blocks in one product: so it is where
        a layer has fewer maps going out than coming in.

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

    def operations(self, channels, filters, mixing_first=None) -> int:
        """Multiplications for one sample, once the kernel is encoded.

        Args:
            channels: Integer, of the inputs.
            filters: Integer, of the kernel.
            mixing_first: Boolean, whether inputs are mixed, rather than
                features; `None` for what is cheaper.
        """
        if mixing_first is None:
            mixing_first = self.mixes_inputs(channels, filters)
        teacher = self.teacher
        representation_in, representation_out = (
            teacher.representation_in * channels,
            teacher.representation_out * filters,
        )
        through = representation_out if mixing_first else representation_in
        points = teacher.positions_in if mixing_first else teacher.positions_out
        mixing = representation_in * representation_out * self.blocks * points
        return through * self.block_operations + mixing

    def _mix_inputs(self, inputs, kernel):
        teacher = self.teacher
        representation_in = teacher.representation_in * inputs.shape[-1]
        representation_out = teacher.representation_out * kernel.shape[-1]
        points = teacher.positions_in
        mixing = ops.reshape(
            self.coefficients(kernel),
            (representation_in, self.blocks * representation_out),
        )
        mixed = ops.matmul(ops.reshape(inputs, (-1, points, representation_in)), mixing)
        mixed = ops.reshape(mixed, (-1, points, self.blocks, representation_out))
        rows = ops.reshape(
            ops.transpose(mixed, (0, 3, 1, 2)), (-1, points, self.blocks)
        )
        outputs = self.sum_of_blocks(rows)
        outputs = ops.reshape(outputs, (-1, representation_out, teacher.positions_out))
        return ops.transpose(outputs, (0, 2, 1))

    def mix_features_last(self, inputs, kernel):
        """The outputs from `features_last`.

        Returns:
            Tensor with `batch · positions_out · representation_out · filters` entries, in this
            order.
        """
        mixing = self.coefficients(kernel)
        rows, columns = mixing.shape
        # A few coefficients are brought into the features' order.
        mixing = ops.reshape(mixing, (rows // self.blocks, self.blocks, columns))
        mixing = ops.reshape(ops.transpose(mixing, (1, 0, 2)), (rows, columns))
        # One product, rather than one for each sample.
        features = ops.reshape(self.features_last(inputs), (-1, rows))
        return ops.matmul(features, mixing)

    def mix_in_groups(self, inputs, kernel):
        """The outputs of a kernel for groups of channels.

        Returns:
            Tensor with `batch · positions_out · representation_out · filters` entries, in this
            order.
        """
        teacher, channels = self.teacher, kernel.shape[-2]
        groups = inputs.shape[-1] // channels
        shared = kernel.shape[-1] // groups
        # (representation_in, channels, blocks, representation_out, groups, shared)
        mixing = ops.reshape(
            self.coefficients(kernel),
            (
                teacher.representation_in,
                channels,
                self.blocks,
                teacher.representation_out,
                groups,
                shared,
            ),
        )
        mixing = ops.transpose(mixing, (4, 2, 0, 1, 3, 5))
        rows = self.blocks * teacher.representation_in * channels
        mixing = ops.reshape(
            mixing, (groups, rows, teacher.representation_out * shared)
        )
        features = ops.reshape(
            self.features_last(inputs),
            (-1, self.blocks * teacher.representation_in, groups, channels),
        )
        features = ops.reshape(
            ops.transpose(features, (2, 0, 1, 3)), (groups, -1, rows)
        )
        outputs = ops.reshape(
            ops.matmul(features, mixing),
            (groups, -1, teacher.positions_out, teacher.representation_out, shared),
        )
        return ops.transpose(outputs, (1, 2, 3, 0, 4))

    def call_pairs(self, inputs, kernels):
        """Applies one kernel to each input: what a served clone computes.

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

    def features(self, inputs):
        """What every block makes of every map of the inputs.

        Args:
            inputs: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(batch, representation_in · channels · blocks, positions_out)`.
        """
        teacher = self.teacher
        maps = teacher.representation_in * inputs.shape[-1]
        points = ops.reshape(inputs, (-1, teacher.positions_in, maps))
        rows = ops.reshape(ops.transpose(points, (0, 2, 1)), (-1, teacher.positions_in))
        features = self.block_outputs(rows)
        return ops.reshape(features, (-1, maps * self.blocks, teacher.positions_out))

    def features_last(self, inputs):
        """The same features, with points first, and blocks before maps.

        Args:
            inputs: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(batch, positions_out, blocks · representation_in · channels)`.
        """
        points, maps = (
            self.teacher.positions_out,
            self.teacher.representation_in * inputs.shape[-1],
        )
        features = ops.reshape(self.features(inputs), (-1, maps, self.blocks, points))
        features = ops.transpose(features, (0, 3, 2, 1))
        return ops.reshape(features, (-1, points, self.blocks * maps))

    def coefficients(self, kernel):
        """The mixing coefficients that encode a kernel.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(representation_in · channels · blocks, representation_out · filters)`.
        """
        teacher = self.teacher
        channels, filters = kernel.shape[-2:]
        entries = ops.reshape(kernel, (teacher.kernel_entries, channels, filters))
        encoded = self.encoder(ops.transpose(entries, (1, 2, 0)))
        encoded = ops.reshape(
            encoded,
            (
                channels,
                filters,
                self.blocks,
                teacher.representation_in,
                teacher.representation_out,
            ),
        )
        return ops.reshape(
            ops.transpose(encoded, (3, 0, 2, 4, 1)),
            (-1, teacher.representation_out * filters),
        )
