"""What a search for a strength takes, and what by default, and how logs name it."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from symclone_tf.checks import one_of, positive_number
from symclone_tf.layers.anchors import strength_of
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.reconstruction import is_network

STRENGTHS = (0.1, 0.3, 0.5)
# Anchors whose strengths are shares, or as small.
SHARED = ("transformed-inputs", "proximal")


def check_model(model) -> None:
    """Refuses models whose training the search would not do.

    Raises:
        ValueError: If it has several outputs, or trains in its own way.
    """
    if is_network(model) and len(keras.tree.flatten(model.outputs)) > 1:
        raise ValueError(
            f"`model` must have one output. Received: {len(model.outputs)} outputs"
        )
    for name in ("train_step", "compute_loss"):
        if getattr(type(model), name) is not getattr(keras.Model, name):
            raise ValueError(
                f"`model` must train as Keras' own models do. Received: "
                f"{type(model).__name__}, which has a {name} of its own"
            )


def strengths_of(given, layer) -> list[float]:
    """The strengths to try, of a layer.

    Raises:
        ValueError: If they are not several, different, and accepted by its anchor.
    """
    own, anchor = layer.anchor_strength, layer.anchor
    if given is None and anchor in SHARED:
        given = STRENGTHS
    elif given is None:
        given = [own / 3, own, own * 3]
    if not isinstance(given, Iterable):
        raise ValueError(f"`strengths` must be several. Received: strengths={given}")
    found = [positive_number("strengths", _plain(one)) for one in given]
    if len(set(found)) < max(2, len(found)):
        raise ValueError(
            "`strengths` must be several different numbers. "
            f"Received: strengths={found}"
        )
    for one in found:
        strength_of(anchor, one)
    return found


def _plain(number) -> Any:
    """A number as Python's."""
    return number.item() if isinstance(number, np.generic) else number


def mode_of(monitor, mode) -> str:
    """Whether the smallest or the largest score is best."""
    if mode is None:
        if monitor != "loss" and "accuracy" not in monitor:
            raise ValueError(
                f"`mode` must say whether the smallest {monitor} is best, or the "
                "largest: min or max. Received: mode=None"
            )
        return "min" if monitor == "loss" else "max"
    one_of("mode", mode, ("min", "max"))
    return mode


def again(metric) -> Any:
    """A metric like another, with a state of its own."""
    if not isinstance(metric, keras.metrics.Metric):
        return metric
    try:
        return type(metric).from_config(metric.get_config())
    except Exception as error:
        raise ValueError(
            f"Metric {metric.name!r} cannot be made again from its configuration, "
            "once for each strength; pass its function, or a name"
        ) from error


def scores_of(name, logs) -> dict[str, float]:
    """The scores of one output, without its name."""
    start = f"{name}_"
    return {key[len(start) :]: v for key, v in logs.items() if key.startswith(start)}


def anchored_layer(model, name) -> Any:
    """The layer whose strengths are tried.

    Raises:
        ValueError: If there is none.
    """
    layers = [
        layer
        for layer in model.layers
        if getattr(layer, "symmetry", None) == "anchored"
        and getattr(layer, "anchor_strength", None) is not None
    ]
    names = ", ".join(layer.name for layer in layers) or "none"
    if not is_network(model) or not layers or name not in (None, *_names(layers)):
        raise ValueError(
            "`model` must be a Sequential or functional model with an anchored layer, "
            f"or one of that name. Received: {model.name!r}, a {type(model).__name__}, "
            f"with anchored layers {names}, and layer={name}"
        )
    found = layers[-1] if name is None else layers[_names(layers).index(name)]
    student = getattr(found, "student", None)
    others = [one for one in all_layers(model) if one is not found]
    for other in others if student is not None else ():
        if getattr(other, "student", None) is student:
            raise ValueError(
                f"Layer {found.name!r} shares its student with {other.name!r}, which "
                "has one strength"
            )
    return found


def _names(layers) -> list[str]:
    return [layer.name for layer in layers]
