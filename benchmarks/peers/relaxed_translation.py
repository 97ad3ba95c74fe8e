"""Relaxed convolutions: weights for each position, shared kernels.

- [Wang, Walters & Yu, 2022](https://arxiv.org/abs/2201.11969)
- [Elsayed, Ramachandran, Shlens & Kornblith, 2020](https://arxiv.org/abs/2002.02959)
"""

from keras import ops

from benchmarks.peers.peer import Relaxed


class RelaxedTranslation(Relaxed):
    """`y(u) = Σ_l w_l(u) · (ψ_l ⋆ x)(u)`, with w = 1/L at the start.

    The penalty is `mean|Δ_i w| + mean|Δ_j w|`, over rows and columns of the positions.
    """

    @property
    def shared_by(self) -> tuple[int, ...]:
        return self.positions

    def penalty(self):
        down, right = (ops.abs(ops.diff(self.shares, axis=axis)) for axis in (1, 2))
        return ops.add(ops.mean(down), ops.mean(right))

    def linear_outputs(self, inputs):
        """The outputs before the layer's own bias."""
        kernels = (self.kernel, *self.others)
        copies = ops.concatenate([self.copies(k) for k in kernels], axis=-1)
        outputs = self.convolved(inputs, copies)
        shape = (-1, *self.positions, self.group.order, self.banks, self.filters)
        outputs = ops.reshape(outputs, shape)
        shares = ops.transpose(self.shares, (1, 2, 0))[:, :, None, :, None]
        return ops.sum(outputs * shares, axis=-2)
