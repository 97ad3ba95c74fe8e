"""Relaxed group convolutions: weights for each group element, shared kernels.

- [Wang, Walters & Yu, 2022](https://arxiv.org/abs/2201.11969)
"""

import numpy as np
from keras import ops

from benchmarks.peers.peer import Relaxed


class RelaxedRotation(Relaxed):
    """The kernel of output element r is `Σ_l w_l(r) · T_r ψ_l`.

    Rotations by 90° are exact here, where the paper interpolates. At the start all w
    are equal, so that the layer is the group convolution of the mean of ψ. The
    penalty is `Σ_l Σ_{r<s} |w_l(r) − w_l(s)|`.
    """

    def build_peer(self, input_shape):
        if self.group.is_trivial:
            raise ValueError(
                "Relaxed rotations need a group of rotations, c2, c4 or d4. "
                f"Received: group={self.group.name}"
            )
        super().build_peer(input_shape)

    @property
    def shared_by(self) -> tuple[int, ...]:
        return (self.group.order,)

    def penalty(self):
        first, second = np.triu_indices(self.group.order, 1)
        pairs = [ops.take(self.shares, which, axis=1) for which in (first, second)]
        return ops.sum(ops.abs(ops.subtract(*pairs)))

    def linear_outputs(self, inputs):
        """The outputs before the layer's own bias."""
        banks = ops.stack([self.copies(k) for k in (self.kernel, *self.others)])
        copies = ops.sum(banks * self.shares[:, :, None, None, None], axis=0)
        return self.convolved(inputs, copies)
