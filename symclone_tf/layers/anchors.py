"""Anchors: what trained weights pay for leaving where they started."""

import keras
from keras import ops

from symclone_tf.layers.decays import DECOUPLED


class Anchored(keras.regularizers.Regularizer):
    """Penalty for leaving an anchor, which Keras adds to a model's loss.

    Args:
        kind: String, `"kl"` or `"l2"`, see `penalty`.
        strength: Float, what the penalty is multiplied with.
        anchor: Variable, the weight's first values w₀.
    """

    def __init__(self, kind, strength, anchor):
        self.kind = kind
        self.strength = strength
        self.anchor = anchor

    def __call__(self, x):
        return self.strength * penalty(self.kind, x, self.anchor)


def penalty(kind, weight, anchor):
    """How far a weight w is from its anchor w₀.

    Args:
        kind: String, `"kl"` for KL(softmax(w) ‖ softmax(w₀)), the paper's, or
            `"l2"` for ‖w − w₀‖².
        weight: Variable or tensor.
        anchor: Variable or tensor of the same shape.

    Returns:
        Scalar tensor, 0 where nothing has moved.

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """
    if kind in DECOUPLED:
        return ops.zeros(())
    return _PENALTIES[kind](weight, anchor)


def _kl_of_softmax(weight, anchor):
    # KL = log E[exp(E[w - w₀] - (w - w₀))] over p = softmax(w). As a difference of
    # two logarithms, rounding would swamp it: among 20 million weights each is
    # near 17, and the divergence near 1e-7. Reshaping reads variables, which a
    # custom gradient does not take.
    weight, anchor = (
        ops.reshape(ops.convert_to_tensor(w), (-1,)) for w in (weight, anchor)
    )

    @ops.custom_gradient
    def divergence(weight):
        shares = ops.exp(weight - ops.max(weight))
        total = ops.sum(shares)
        moved = weight - anchor
        rest = ops.sum(shares * moved) / total - moved
        value = ops.log1p(ops.sum(shares * (ops.expm1(rest) - rest)) / total)

        def gradient(upstream):
            return -upstream / total * (shares * rest)

        return value, gradient

    return divergence(weight)


def _squared_distance(weight, anchor):
    return ops.sum(ops.square(ops.subtract(weight, anchor)))


_PENALTIES = {"kl": _kl_of_softmax, "l2": _squared_distance}
# What an anchor is held with where nothing else is said.
STRENGTHS = {"kl": 1000.0, "l2": 0.01, "decay": 30.0, "threshold": 0.5}
ANCHORS = tuple(STRENGTHS)
