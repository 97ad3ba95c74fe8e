"""Residual pathway priors: equivariant and unconstrained layers with priors.

- [Finzi, Benton & Wilson, 2021](https://arxiv.org/abs/2112.01388)
"""

from keras import ops

from benchmarks.peers.peer import Peer
from benchmarks.peers.untied import convolved_untied


class ResidualPathway(Peer):
    """`σ(conv(x) + free(x))`: a group convolution, and a layer that may break it.

    Under a point group the free part is a convolution with a kernel of its own for
    each pair of group elements. Under T(2) it would be a Dense layer between all
    pixels, 2e8 weights for the largest of the networks here: it has a kernel of its
    own at each place instead. It is zero at the start.

    Args:
        free_decay: Float, what the free part's weights pay, relative to what the
            convolution's pay: 100, as published for CIFAR (1e-2 and 1e-4).
        **kwargs: Of `Peer`. The penalty is `‖ψ‖² + free_decay · ‖W‖²`; published
            strength: 1e-4.
    """

    def __init__(self, *arguments, free_decay=100.0, **kwargs):
        super().__init__(*arguments, **kwargs)
        self.free_decay = free_decay

    def build_peer(self, input_shape):
        *entries, channels, filters = self.kernel.shape
        count = 1
        for size in entries:
            count *= size
        shape = (self.group.order, count, channels, filters)
        if self.group.is_trivial:
            shape = (*self.positions, count * channels, filters)
        self.free = self.add_weight(name="free", shape=shape, initializer="zeros")

    def penalty(self):
        symmetric, free = (ops.sum(ops.square(w)) for w in (self.kernel, self.free))
        return symmetric + self.free_decay * free

    def linear_outputs(self, inputs):
        """The outputs before the layer's own bias."""
        copies = self.copies(self.kernel)
        if not self.group.is_trivial:
            return self.convolved(inputs, ops.add(copies, self.free))
        outputs = self.convolved(inputs, copies)
        return outputs + convolved_untied(inputs, self.free, self.kernel_size)

    def get_config(self):
        return {**super().get_config(), "free_decay": self.free_decay}
