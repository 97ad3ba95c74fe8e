"""The base of all peers: a bank of kernels, one for each group element."""

import math

import keras
from keras import ops

import symclone_tf as sc
from symclone_tf.layers.random_transformations import RandomTransformations
from symclone_tf.teachers.group_convolution import transformed_kernels


class Peer(sc.GroupConv2D):
    """A convolution whose kernels may deviate from those of a group convolution.

    Without padding, strides and dilation, which the comparison does not need.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer, height and width of the kernel.
        group: String, as `"t2"`, `"c4"` or `"d4"`.
        strength: Float, the factor of the peer's own penalty.
        share: Float, the share of inputs that are transformed in training, and whose
            outputs are transformed back, as by `anchor="transformed-inputs"` of clones.
        **kwargs: Of `GroupConv2D`.
    """

    def __init__(self, filters, kernel_size, group, strength=0.0, share=0.0, **kwargs):
        super().__init__(filters, kernel_size, group, **kwargs)
        self.strength, self.share = strength, share
        self.seed_generator = keras.random.SeedGenerator(0)

    def build(self, input_shape):
        super().build(input_shape)
        self.positions = self.compute_output_shape(input_shape)[1:3]
        self.build_peer(input_shape)
        if self.share:
            teacher = sc.ConvTeacher(
                self.group,
                tuple(input_shape[1:3]),
                self.kernel_size,
                lifting=len(input_shape) == 4,
            )
            self.transformations = RandomTransformations(
                teacher, self.share, self.seed_generator
            )

    def build_peer(self, input_shape):
        """Makes the weights that the group convolution does not have."""

    def penalty(self):
        """The penalty for deviating from a group convolution, without its strength."""
        return 0.0

    def call(self, inputs, training=False):
        if self.strength:
            self.add_loss(self.strength * self.penalty())
        if not (training and self.share):
            return self.biased_and_activated(self._on_the_group(inputs))
        elements = self.transformations.draw(ops.shape(inputs)[0])
        inputs = self.transformations.transform_inputs(inputs, elements)
        outputs = self._on_the_group(inputs)
        outputs = self.transformations.invert_outputs(outputs, elements)
        return self.biased_and_activated(outputs)

    def _on_the_group(self, inputs):
        shape = (-1, *self.positions, *self.group.representation_shape, self.filters)
        return ops.reshape(self.linear_outputs(inputs), shape)

    def copies(self, kernel):
        """A kernel transformed by each group element.

        Args:
            kernel: Tensor of shape `(k, k, [|G|,] channels, filters)`.

        Returns:
            Tensor of shape `(|G|, entries, channels, filters)`.
        """
        return transformed_kernels(kernel, self.group)

    def convolved(self, inputs, copies):
        """Inputs convolved with a kernel for each group element.

        Args:
            inputs: Tensor, as in a call of the layer.
            copies: Tensor of shape `(|G|, entries, channels, filters)`.

        Returns:
            Tensor of shape `(batch, new_height, new_width, |G| · filters)`.
        """
        height, width = inputs.shape[1:3]
        maps = math.prod(inputs.shape[3:])
        bank = ops.transpose(copies, (1, 2, 0, 3))
        bank = ops.reshape(bank, (*self.kernel_size, maps, -1))
        stacked = ops.reshape(inputs, (-1, height, width, maps))
        return ops.conv(stacked, bank, padding="valid", data_format="channels_last")

    def get_config(self):
        return {
            **super().get_config(),
            "strength": self.strength,
            "share": self.share,
        }


class Relaxed(Peer):
    """A weighted sum of several kernels, with weights that are equal at first.

    Args:
        banks: Integer, the number of kernels, L.
        **kwargs: Of `Peer`.
    """

    def __init__(self, *arguments, banks=2, **kwargs):
        super().__init__(*arguments, **kwargs)
        self.banks = banks

    def build_peer(self, input_shape):
        self.others = [
            self.add_weight(
                name=f"kernel_{bank}",
                shape=self.kernel.shape,
                initializer=self.kernel_initializer.clone(),
            )
            for bank in range(1, self.banks)
        ]
        self.shares = self.add_weight(
            name="shares",
            shape=(self.banks, *self.shared_by),
            initializer=lambda shape, dtype=None: ops.full(shape, 1 / shape[0], dtype),
        )

    @property
    def shared_by(self) -> tuple[int, ...]:
        """The shape of the weights: group elements, or positions."""
        raise TypeError(
            f"{type(self).__name__} must define `shared_by`, the shape of its shares"
        )

    def get_config(self):
        return {**super().get_config(), "banks": self.banks}
