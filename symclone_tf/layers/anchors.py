"""Anchors: what trained weights pay for leaving where they started."""

import keras
from keras import ops

from symclone_tf.checks import one_of, positive_number


class Anchored(keras.regularizers.Regularizer):
    """Penalty for leaving an anchor, which Keras adds to a model's loss.

    Args:
        kind: String, `"kl"` or `"l2-sp"`, see `penalty`.
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
            `"l2-sp"` for ‖w − w₀‖².
        weight: Variable or tensor.
        anchor: Variable or tensor of the same shape.

    Returns:
        Scalar tensor, 0 where nothing has moved, and of anchors that the loss
        knows nothing of.

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """
    if kind not in PENALTIES:
        return ops.zeros(())
    return PENALTIES[kind](weight, anchor)


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


PENALTIES = {"kl": _kl_of_softmax, "l2-sp": _squared_distance}
STRENGTHS = {
    "kl": 1000.0,
    "l2-sp": 0.01,
    "decoupled-l2-sp": 30.0,
    "proximal": 0.5,
    "transformed-inputs": 0.2,
}
"""The strength that each anchor holds with where nothing else is said."""
ANCHORS = tuple(STRENGTHS)
"""What may hold an anchored layer, `anchor` of `ClonedConv2D`."""


def strength_of(anchor, strength=None) -> float:
    """The strength that an anchor holds with.

    Args:
        anchor: String, one of `ANCHORS`.
        strength: Float; `None` for the anchor's own.

    Returns:
        Float.

    Raises:
        ValueError: If there is no such anchor, or it has no such strength.

    Example:

    >>> strength_of("decoupled-l2-sp")
    30.0
    """
    one_of("anchor", anchor, ANCHORS)
    if strength is None:
        return STRENGTHS[anchor]
    positive_number("anchor_strength", strength)
    if anchor == "transformed-inputs" and strength > 1:
        raise ValueError(
            'With anchor="transformed-inputs", `anchor_strength` is a share, of more than 0 and '
            f"at most 1. Received: anchor_strength={strength}"
        )
    return strength
