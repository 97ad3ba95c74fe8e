"""Adaptive constrained equivariance: a free part that a dual variable closes.

- ACE, [Manolache, Chamon & Niepert, 2025](https://arxiv.org/abs/2505.13631)
"""

import keras
from keras import ops

from benchmarks.peers.peer import Peer


class Constrained(Peer):
    """`σ(conv(x) + γ · free(x))` with `|γ| ≤ u`, as a dual variable λ says.

    Training begins with a free layer, γ = 1, and solves `min loss + ρ/2 · u²` subject
    to `|γ| ≤ u` by gradients of the Lagrangian, `loss + ρ/2 · u² + λ · (|γ| − u)`. At
    each step of training

    - γ has the gradient of the loss and of `λ · |γ|`, by the optimizer;
    - `u ← max(0, u − η · (ρ · u − λ))`;
    - `λ ← max(0, λ + strength · (|γ| − u))`.

    A constraint that costs the loss much leaves u, and so γ, open. The free part is a
    convolution with a kernel of its own for each pair of group elements.

    Args:
        *arguments: Of `Peer`, with a group of rotations or reflections; `strength` is
            the rate of the dual variable.
        rho: Float, ρ, what an open constraint costs.
        rate: Float, η, of u.
        **kwargs: Of `Peer`.
    """

    def __init__(self, *arguments, rho=1.0, rate=1e-2, **kwargs):
        super().__init__(*arguments, **kwargs)
        self.rho, self.rate = rho, rate

    def build_peer(self, input_shape):
        copies = self.copies(self.kernel)
        self.free = self.add_weight(
            name="free",
            shape=tuple(copies.shape),
            initializer=keras.initializers.RandomUniform(
                # As far as the kernel's own entries reach.
                *(factor * ops.max(ops.abs(self.kernel)) for factor in (-1, 1)),
                seed=0,
            ),
        )
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="ones")
        self.slack = self.add_weight(
            name="slack", shape=(), initializer="zeros", trainable=False
        )
        self.dual = self.add_weight(
            name="dual", shape=(), initializer="zeros", trainable=False
        )

    def call(self, inputs, training=False):
        if training:
            size = ops.abs(self.gamma)
            self.add_loss(ops.stop_gradient(ops.convert_to_tensor(self.dual)) * size)
            slack = self.slack - self.rate * (self.rho * self.slack - self.dual)
            dual = self.dual + self.strength * ops.stop_gradient(size - self.slack)
            self.slack.assign(ops.maximum(slack, 0.0))
            self.dual.assign(ops.maximum(dual, 0.0))
        return self.biased_and_activated(self._on_the_group(inputs))

    def linear_outputs(self, inputs):
        """The outputs before the layer's own bias."""
        copies = ops.add(self.copies(self.kernel), self.gamma * self.free)
        return self.convolved(inputs, copies)

    def get_config(self):
        return {**super().get_config(), "rho": self.rho, "rate": self.rate}
