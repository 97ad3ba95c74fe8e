"""The activation by which a network's outputs are probabilities, and logits before."""

from typing import Any

import keras

from symclone_tf.networks.reconstruction import is_network

# Functions of logits, by their names.
PROBABILITIES = {
    keras.activations.softmax: "softmax",
    keras.activations.sigmoid: "sigmoid",
}


def last_layers(model: keras.Model) -> list[Any]:
    """The layers, or operations, whose outputs are a network's.

    Args:
        model: `keras.Model`.

    Returns:
        List, one for each output; in nested networks, their own last layers. `None`
        for the outputs of models that only their class knows.

    Example:

    >>> inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="a")])
    >>> model = keras.Sequential([keras.Input((4,)), inner])
    >>> [layer.name for layer in last_layers(model)]
    ['a']
    """
    if not is_network(model):
        return [None] * max(1, len(getattr(model, "outputs", None) or ()))
    if isinstance(model, keras.Sequential):
        return _within(model.layers[-1], 0) if model.layers else [None]
    found = []
    for tensor in keras.tree.flatten(model.output):
        operation, _, index = tensor._keras_history
        found += _within(operation, index)
    return found


def _within(operation, index):
    if isinstance(operation, keras.Model):
        return last_layers(operation)[index : index + 1]
    return [operation]


def probabilities_of(layer: Any) -> str:
    """How a layer's outputs are probabilities.

    Args:
        layer: Keras layer or operation, or `None`.

    Returns:
        String, `"softmax"` or `"sigmoid"`; empty if they are none, or it is not known.

    Example:

    >>> probabilities_of(keras.layers.Dense(3, "softmax"))
    'softmax'
    >>> probabilities_of(keras.layers.Dense(3))
    ''
    """
    if isinstance(layer, keras.layers.Softmax):
        return "softmax" if layer.axis in (-1, None) else ""
    activation = getattr(layer, "activation", None)
    try:
        return PROBABILITIES.get(activation, "")
    except TypeError:  # a layer of its own
        return ""


def give_logits(layers: list[Any]) -> None:
    """Lets copies of a network's last layers return logits.

    Args:
        layers: List of Keras layers, of which those that have an activation of
            `PROBABILITIES` get none.
    """
    for layer in layers:
        if probabilities_of(layer) and not isinstance(layer, keras.layers.Softmax):
            layer.activation = keras.activations.linear


def is_read_again(model: keras.Model) -> bool:
    """Whether another layer of a network takes what is also an output.

    Args:
        model: `keras.Model`.

    Returns:
        Boolean; `False` of what only a model's class knows.
    """
    if not is_network(model) or isinstance(model, keras.Sequential):
        return False
    outputs = {id(tensor) for tensor in keras.tree.flatten(model.output)}
    nodes = [node for nodes in model._nodes_by_depth.values() for node in nodes]
    return any(
        id(tensor) in outputs
        for node in nodes
        for tensor in node.arguments.keras_tensors
    )
