"""Relaxed convolutions: weights of each place, shared kernels.

- [Wang, Walters & Yu, 2022](https://arxiv.org/abs/2201.11969)
- [Elsayed, Ramachandran, Shlens & Kornblith, 2020](https://arxiv.org/abs/2002.02959)
"""

from keras import ops

from benchmarks.peers.peer import Peer, differences


class RelaxedTranslation(Peer):
    """`y(u) = Σ_l w_l(u) · (ψ_l ⋆ x)(u)`, with w = 1/L at the start.

    Args:
        banks: Integer, L.
        **kwargs: Of `Peer`. The penalty is `mean|Δ_i w| + mean|Δ_j w|`, over rows
            and columns of the places.
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
            name="shares", shape=(self.banks, *self.places), initializer=_equal
        )

    def penalty(self):
        along = [ops.mean(differences(self.shares, axis)) for axis in (1, 2)]
        return ops.add(*along)

    def answers(self, inputs):
        """What stands before the layer's own bias."""
        kernels = (self.kernel, *self.others)
        copies = ops.concatenate([self.copies(k) for k in kernels], axis=-1)
        outputs = self.convolved(inputs, copies)
        shape = (-1, *self.places, self.group.order, self.banks, self.filters)
        outputs = ops.reshape(outputs, shape)
        shares = ops.transpose(self.shares, (1, 2, 0))[:, :, None, :, None]
        return ops.sum(outputs * shares, axis=-2)

    def get_config(self):
        return {**super().get_config(), "banks": self.banks}


def _equal(shape, dtype=None):
    return ops.full(shape, 1 / shape[0], dtype)
