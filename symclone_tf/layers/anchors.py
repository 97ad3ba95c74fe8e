"""Anchors: regularisation of weights w towards the cloned weights w₀.

Those in this module are penalties in the loss. Those that act after the optimizer's
step are in `decoupled_anchors`, and equivariance regularisation by transformed inputs
in `random_transformations`.
"""

import keras
from keras import ops

from symclone_tf import earlier
from symclone_tf.checks import one_of, positive_number
from symclone_tf.types import Tensor


class AnchorPenalty(keras.regularizers.Regularizer):
    """Regularizer that penalises the distance of a weight from its anchor.

    Args:
        kind: String, `"kl"` or `"l2-sp"`, see `penalty`.
        strength: Float, which multiplies the penalty.
        anchor: Variable, the cloned values w₀ of the weight.
    """

    def __init__(self, kind: str, strength: float, anchor: Tensor):
        self.kind = kind
        self.strength = strength
        self.anchor = anchor

    def __call__(self, x: Tensor) -> Tensor:
        return self.strength * penalty(self.kind, x, self.anchor)


def penalty(kind: str, weight: Tensor, anchor: Tensor) -> Tensor:
    """The distance of a weight w from its anchor w₀.

    Args:
        kind: String, `"kl"` for KL(softmax(w) ‖ softmax(w₀)), the paper's, or
            `"l2-sp"` for ‖w − w₀‖².
        weight: Variable or tensor.
        anchor: Variable or tensor of the same shape.

    Returns:
        Scalar tensor. It is 0 where w = w₀, and for anchors that add nothing to the
        loss.

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    - [Li, Grandvalet & Davoine, 2018](https://arxiv.org/abs/1802.01483), for L2-SP
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
        difference = weight - anchor
        rest = ops.sum(shares * difference) / total - difference
        value = ops.log1p(ops.sum(shares * (ops.expm1(rest) - rest)) / total)

        # PyTorch passes the output's gradient by its name, the others by its place.
        def gradient(*arguments, upstream=None):
            upstream = arguments[0] if upstream is None else upstream
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
"""The default strength of each anchor."""
ANCHORS = tuple(STRENGTHS)
"""How an anchored layer may be regularised, `anchor` of `ClonedConv2D`."""


def strength_of(anchor: str, strength: float | None = None) -> float:
    """Returns a strength that is checked, or an anchor's default.

    Args:
        anchor: String, one of `ANCHORS`.
        strength: Float; `None` for the anchor's default.

    Returns:
        Float.

    Raises:
        ValueError: If the anchor or the strength is not accepted.

    Example:

    >>> strength_of("decoupled-l2-sp")
    30.0
    """
    if anchor in earlier.ANCHORS:
        raise ValueError(
            f"`anchor` {anchor} is called {earlier.ANCHORS[anchor]} since version 0.3. "
            f"Received: anchor={anchor}"
        )
    one_of("anchor", anchor, ANCHORS)
    if strength is None:
        return STRENGTHS[anchor]
    positive_number("anchor_strength", strength)
    if anchor == "transformed-inputs" and strength > 1:
        raise ValueError(
            'With anchor="transformed-inputs", `anchor_strength` is a share of the '
            "inputs, greater than 0 and at most 1. "
            f"Received: anchor_strength={strength}"
        )
    return strength
