"""Decoupled anchors: regularisation towards w₀ after each step of the optimizer.

Decoupled L2-SP is to L2-SP what AdamW is to L2 regularisation: the weights decay
towards w₀ by the learning rate η and a strength λ, whatever the optimizer makes of the
gradients. The proximal anchor applies soft thresholding to w − w₀ in its place.

References:

- [Li, Grandvalet & Davoine, 2018](https://arxiv.org/abs/1802.01483), L2-SP
- [Loshchilov & Hutter, 2019](https://arxiv.org/abs/1711.05101), decoupled decay
- [Parikh & Boyd, 2014](https://web.stanford.edu/~boyd/papers/prox_algs.html)
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

# The call context is private to Keras; `training_optimizer` says why it is read.
from keras.src.backend.common import global_state
from keras.src.backend.common.stateless_scope import in_stateless_scope

from symclone_tf.backends import backend
from symclone_tf.types import Tensor


class DecoupledAnchor(keras.constraints.Constraint):
    """Constraint that moves a weight towards its anchor after each step.

    It follows the learning rate of an optimizer. Keras calls a constraint with the
    weight alone, and an optimizer applies it when the model's call has ended: so the
    constraint has to remember the optimizer.

    Args:
        kind: String, `"decoupled-l2-sp"` or `"proximal"`, see `regularized`.
        strength: Float, λ.
        anchor: Variable, the cloned values w₀ of the weight.

    Attributes:
        optimizer: Keras optimizer that trains the weight. Layers set it each time
            that a compiled model calls them; `None` before.
    """

    def __init__(self, kind: str, strength: float, anchor: Tensor | None):
        self.kind = kind
        self.strength = strength
        self.anchor = anchor
        self.optimizer: Any = None
        self._held: Tensor | None = None

    def hold(self, optimizer: Any) -> None:
        """Sets the optimizer, when the layer is called.

        Args:
            optimizer: Keras optimizer that trains the weight; `None` for the last one,
                where a call does not tell, as on JAX each but a model's first one.
        """
        if optimizer is not None:
            self.optimizer = optimizer
        if self.anchor is not None and not backend().keeps_variables:
            # A step reads no variables on JAX but those that it changes.
            self._held = self.anchor.value

    def anchor_of(self, w: Tensor) -> Tensor:
        """The values w₀ that a weight w moves towards."""
        if self._held is not None and in_stateless_scope():
            return self._held
        return self.anchor

    def __getstate__(self) -> dict[str, Any]:
        # What is held is of one trace, and no part of a copy.
        return {**self.__dict__, "_held": None}

    def __call__(self, w: Tensor) -> Tensor:
        if self.optimizer is None:
            raise ValueError(
                f'anchor="{self.kind}" follows the optimizer\'s learning rate, and no '
                "optimizer is known: compile the model that is trained, or pass the "
                "optimizer of a custom training loop to `layer.hold(optimizer)`."
            )
        rate = ops.cast(learning_rate_of(self.optimizer), w.dtype)
        # Under gradient accumulation, Keras applies constraints at each part of a step.
        parts = getattr(self.optimizer, "gradient_accumulation_steps", None) or 1
        rate = rate * (self.strength / parts)
        return regularized(self.kind, w, self.anchor_of(w), rate)


class ProjectedAnchor(DecoupledAnchor):
    """Likewise towards what a projection makes of the weight itself.

    Args:
        kind: String, see `DecoupledAnchor`.
        strength: Float, λ.
        projection: Callable of the weight, which returns w₀.
    """

    def __init__(
        self, kind: str, strength: float, projection: Callable[[Tensor], Tensor]
    ):
        super().__init__(kind, strength, anchor=None)
        self.projection = projection

    def anchor_of(self, w: Tensor) -> Tensor:
        return self.projection(ops.convert_to_tensor(w))


def learning_rate_of(optimizer: Any) -> Any:
    """The current learning rate of an optimizer.

    Raises:
        ValueError: If it has none that is a number.
    """
    rate = getattr(optimizer, "learning_rate", None)
    if rate is None or isinstance(rate, str):
        raise ValueError(
            "Decoupled anchors need an optimizer whose learning rate is a number or a "
            f"schedule. Received: {type(optimizer).__name__} with learning rate {rate}"
        )
    return rate


def regularized(kind: str, weight: Tensor, anchor: Tensor, rate: Tensor) -> Tensor:
    """A weight w after one step towards its anchor w₀.

    Args:
        kind: String, `"decoupled-l2-sp"` for `w₀ + (1 − rate) · (w − w₀)`, or
            `"proximal"` for `w₀ + sign(w − w₀) · max(|w − w₀| − rate, 0)`, which
            leaves weights exactly at w₀ unless their gradients are large.
        weight: Variable or tensor.
        anchor: Variable or tensor of the same shape.
        rate: Scalar tensor, learning rate times strength.

    Returns:
        Tensor of the weight's shape.
    """
    weight, anchor = (ops.convert_to_tensor(w) for w in (weight, anchor))
    return anchor + _STEPS[kind](weight - anchor, rate)


def _decay(difference, rate):
    return ops.maximum(1 - rate, 0) * difference


def _soft_threshold(difference, rate):
    return ops.sign(difference) * ops.maximum(ops.abs(difference) - rate, 0)


_STEPS = {"decoupled-l2-sp": _decay, "proximal": _soft_threshold}
DECOUPLED = tuple(_STEPS)


def training_optimizer() -> Any:
    """The optimizer of the model whose call has reached a layer, or `None`.

    Only for use within a layer's `call`.
    """
    # Keras has no public way from a layer, a weight or a constraint to the optimizer:
    # `compile` tells layers nothing, and layers do not know their model. A callback
    # would have to be passed to each `fit`. The call context has the layer that the
    # outermost call began with, which in `fit` is the compiled model, however deeply
    # the layer is nested. `Layer._get_call_context` would be no more public, and
    # starts a context where there is none.
    context = global_state.get_global_attribute("current_call_ctx")
    return getattr(getattr(context, "entry_layer", None), "optimizer", None)
