"""A group convolution and a bias for each position and group element."""

from keras import ops

from benchmarks.peers.peer import Peer


class PositionBias(Peer):
    """`y[n,p,h,o] = conv(x)[n,p,h,o] + b[p,h,o]`, b zero at the start.

    The least that lets a network tell positions and rotations apart.
    """

    def build_peer(self, input_shape):
        maps = self.group.order * self.filters
        self.position_bias = self.add_weight(
            name="position_bias", shape=(*self.positions, maps), initializer="zeros"
        )

    def penalty(self):
        return ops.sum(ops.square(self.position_bias))

    def linear_outputs(self, inputs):
        """The outputs before the layer's own bias."""
        copies = self.copies(self.kernel)
        return ops.add(self.convolved(inputs, copies), self.position_bias)
