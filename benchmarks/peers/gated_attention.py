"""Gated positional self-attention, as of ConViT, which nothing clones.

- [d'Ascoli et al., 2021](https://arxiv.org/abs/2103.10697), section 3
"""

import keras
import numpy as np
from keras import ops


class GatedAttention(keras.layers.MultiHeadAttention):
    """`A_h = (1 − σ(λ_h)) · softmax(QKᵀ) + σ(λ_h) · softmax(v_h · r)`, λ = 1 at first.

    `r = (|δ|², δ_1, δ_2)` of the offset δ between patches, and `v_h = −α · (1, −2Δ_h)`
    at first, with α = 1 and Δ_h the offsets of a square kernel.

    Args:
        grid: Pair of integers, the rows and columns of patches.
        num_heads: Integer, a square of an odd number.
        key_dim: Integer.
    """

    def __init__(self, grid, num_heads, key_dim, **options):
        super().__init__(num_heads, key_dim, **options)
        size, half = int(num_heads**0.5), int(num_heads**0.5) // 2
        self.centres = np.indices((size, size)).reshape(2, -1).T - half
        positions = np.indices(grid).reshape(2, -1).T
        offsets = positions[None] - positions[:, None]
        distances = np.sum(np.square(offsets), axis=-1, keepdims=True)
        self.relative = np.concatenate([distances, offsets], -1).astype("float32")

    def build(self, query_shape, value_shape, key_shape=None):
        super().build(query_shape, value_shape, key_shape)
        first = np.concatenate([-np.ones((len(self.centres), 1)), 2 * self.centres], 1)
        self.gates = self.add_weight(
            (len(self.centres),), initializer="ones", name="gates"
        )
        self.directions = self.add_weight(
            first.shape, initializer=lambda *_, **__: ops.cast(first, "float32")
        )

    def _compute_attention(self, query, key, value, *arguments, **options):
        scale = 1 / self._key_dim**0.5
        scores = ops.einsum(self._dot_product_equation, key, query * scale)
        position = ops.softmax(
            ops.einsum("pqr,hr->hpq", self.relative, self.directions)
        )
        gates = ops.sigmoid(self.gates)[:, None, None]
        attention = (1 - gates) * ops.softmax(scores) + gates * position
        return ops.einsum(self._combine_equation, attention, value), attention
