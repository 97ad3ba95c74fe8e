"""The activation by which a network's outputs are probabilities, and logits before."""

from typing import Any

import keras

from symclone_tf.networks.comparison import unchanged
from symclone_tf.networks.layer_inputs import layer_calls
from symclone_tf.networks.network_inputs import zeros
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
    if not _applies_activation_last(layer):
        return ""
    if isinstance(layer, keras.layers.Softmax):
        axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
        return "softmax" if list(axes) == [-1] else ""
    activation = getattr(layer, "activation", None)
    try:
        return PROBABILITIES.get(activation, "")
    except TypeError:  # a layer of its own
        return ""


def _applies_activation_last(layer) -> bool:
    """Whether what a layer returns is what its activation returns.

    Known of Keras' own calls and of this package's; a call of one's own may do anything
    with what is called activation, and recurrent layers go on with it.
    """
    if isinstance(layer, (keras.layers.RNN, keras.layers.Wrapper)):
        return False
    module = getattr(getattr(layer, "call", None), "__module__", None) or ""
    return module.partition(".")[0] in ("keras", "symclone_tf")


def give_logits(layers: list[Any]) -> None:
    """Lets copies of a network's last layers return logits.

    Args:
        layers: List of Keras layers, of which those that have an activation of
            `PROBABILITIES` get none.
    """
    for layer in layers:
        if probabilities_of(layer) and not isinstance(layer, keras.layers.Softmax):
            layer.activation = keras.activations.linear


def are_read_again(model: keras.Model, specs: Any) -> bool:
    """Whether a network uses probabilities that it returns for something else too.

    Args:
        model: `keras.Model`.
        specs: Inputs of one size, see `input_specs`.

    Returns:
        Boolean: whether another layer takes what a last softmax or sigmoid returns, or
        a layer with it is called more often than it has outputs.
    """
    lasts = [layer for layer in last_layers(model) if probabilities_of(layer)]
    if _reads(model):
        return True
    once = list({id(layer): layer for layer in lasts}.values())
    with unchanged(model):
        calls = layer_calls(model, once, zeros(specs))
    return len(calls) > len(lasts)


def _reads(model, indices=None) -> bool:
    """Whether layers of a graph, or of nested ones, take its probabilities."""
    if not is_network(model):
        return False
    if isinstance(model, keras.Sequential):
        model = model._functional
    outputs = [
        tensor
        for index, tensor in enumerate(keras.tree.flatten(model.output))
        if indices is None or index in indices
    ]
    ends = [
        tensor
        for tensor, layer in zip(outputs, _lasts_of(outputs))
        if probabilities_of(layer)
    ]
    nodes = [node for nodes in model._nodes_by_depth.values() for node in nodes]
    taken = {id(tensor) for node in nodes for tensor in node.arguments.keras_tensors}
    if any(id(tensor) in taken for tensor in ends):
        return True
    histories = [tensor._keras_history for tensor in ends]
    return any(
        _reads(operation, [index])
        for operation, _, index in histories
        if isinstance(operation, keras.Model)
    )


def _lasts_of(tensors):
    """The last layer of each of a graph's tensors."""
    return [
        _within(tensor._keras_history[0], tensor._keras_history[2])[0]
        for tensor in tensors
    ]
