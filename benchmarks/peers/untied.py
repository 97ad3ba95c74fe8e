"""Convolutions whose kernels are untied: a different one at each position.

- [d'Ascoli, Sagun, Bruna & Biroli, 2019](https://arxiv.org/abs/1906.06766)
"""

import tensorflow as tf
from keras import ops

from benchmarks.peers.peer import Peer


class Untied(Peer):
    """`y(u) = Σ_v K_u(v) · x(u + v)`, all K_u the same at the start.

    Under a point group each element's kernel is its own too.

    Args:
        **kwargs: Of `Peer`. The penalty is `Σ_u ‖K_u − K‖²`, from the mean K of all
            positions.
    """

    def build_peer(self, input_shape):
        copies = ops.transpose(self.copies(self.kernel), (1, 2, 0, 3))
        bank = ops.reshape(copies, (-1, self.group.order * self.filters))
        kernels = ops.tile(bank[None, None], (*self.positions, 1, 1))
        self.kernels = self.add_weight(
            name="kernels",
            shape=kernels.shape,
            initializer=lambda shape, dtype=None: kernels,
        )
        # The initial kernel is no longer a weight of the layer.
        self.kernel.trainable = False

    def penalty(self):
        mean = ops.mean(self.kernels, axis=(0, 1), keepdims=True)
        return ops.sum(ops.square(self.kernels - mean))

    def linear_outputs(self, inputs):
        """The outputs before the layer's own bias."""
        return convolved_untied(inputs, self.kernels, self.kernel_size)


def convolved_untied(inputs, kernels, kernel_size):
    """Patches, each multiplied with the kernel of its position.

    Args:
        inputs: Tensor of shape `(batch, height, width, …)`.
        kernels: Tensor of shape `(new_height, new_width, kh · kw · maps, outputs)`.
        kernel_size: Pair of integers.

    Returns:
        Tensor of shape `(batch, new_height, new_width, outputs)`.
    """
    height, width = inputs.shape[1:3]
    stacked = ops.reshape(inputs, (ops.shape(inputs)[0], height, width, -1))
    patches = tf.image.extract_patches(
        stacked, [1, *kernel_size, 1], [1] * 4, [1] * 4, "VALID"
    )
    rows, columns, entries, outputs = kernels.shape
    positions = ops.reshape(patches, (-1, rows * columns, entries))
    positions = ops.transpose(positions, (1, 0, 2))
    answers = ops.matmul(positions, ops.reshape(kernels, (-1, entries, outputs)))
    answers = ops.transpose(answers, (1, 0, 2))
    return ops.reshape(answers, (-1, rows, columns, outputs))
