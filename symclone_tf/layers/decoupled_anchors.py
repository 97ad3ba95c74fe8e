"""Anchors that are decoupled from the optimizer: weights go back after each step."""

import keras
from keras import ops
from keras.src.backend.common import global_state


class Decoupled(keras.constraints.Constraint):
    """What Keras does to a weight after each step of an optimizer.

    As AdamW decays weights towards zero behind Adam's normalised step, this takes
    them back towards an anchor w₀: by how much follows from the optimizer's
    learning rate η and a strength λ, and from nothing that the gradients are.

    Args:
        kind: String, `"decoupled-l2-sp"` or `"proximal"`, see `pulled`.
        strength: Float, λ.
        anchor: Variable, the weight's first values w₀.
    """

    def __init__(self, kind, strength, anchor):
        self.kind = kind
        self.strength = strength
        self.anchor = anchor
        # Of the model that trains the weight, set when it calls the layer.
        self.optimizer = None

    def __call__(self, w):
        if self.optimizer is None:
            raise ValueError(
                f'anchor="{self.kind}" follows the optimizer\'s learning rate, and no '
                "optimizer is known: compile the model that is trained, or give the "
                "layer the optimizer of your own loop, `layer.hold(optimizer)`."
            )
        rate = ops.cast(rate_of(self.optimizer), w.dtype)
        # Keras comes here for each part of a step that is accumulated.
        parts = getattr(self.optimizer, "gradient_accumulation_steps", None) or 1
        return pulled(self.kind, w, self.anchor, rate * (self.strength / parts))


def rate_of(optimizer):
    """The learning rate of an optimizer, as it is now.

    Raises:
        ValueError: If it has none that is a number.
    """
    rate = getattr(optimizer, "learning_rate", None)
    if rate is None or isinstance(rate, str):
        raise ValueError(
            "Anchors that are decoupled follow a learning rate that is a number or a "
            f"schedule. Received: {type(optimizer).__name__} with learning rate {rate}"
        )
    return rate


def pulled(kind, weight, anchor, rate):
    """A weight w on its way back to its anchor w₀.

    Args:
        kind: String, `"decoupled-l2-sp"` for `w₀ + (1 − rate) · (w − w₀)`, or `"proximal"`
            for `w₀ + sign(w − w₀) · max(|w − w₀| − rate, 0)`, by which weights stay
            exactly at w₀ until gradients insist.
        weight: Variable or tensor.
        anchor: Variable or tensor of the same shape.
        rate: Scalar tensor, learning rate times strength.

    Returns:
        Tensor of the weight's shape.
    """
    weight, anchor = (ops.convert_to_tensor(w) for w in (weight, anchor))
    return anchor + _PULLS[kind](weight - anchor, rate)


def _decay(moved, rate):
    return ops.maximum(1 - rate, 0) * moved


def _threshold(moved, rate):
    return ops.sign(moved) * ops.maximum(ops.abs(moved) - rate, 0)


_PULLS = {"decoupled-l2-sp": _decay, "proximal": _threshold}
DECOUPLED = tuple(_PULLS)


def training_optimizer():
    """The optimizer of the model whose call has reached a layer, or `None`."""
    # Keras' call context knows which model the call began with; without one, the
    # layer was not called by a model.
    context = global_state.get_global_attribute("current_call_ctx")
    return getattr(getattr(context, "entry_layer", None), "optimizer", None)
