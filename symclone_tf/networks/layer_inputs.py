"""What reaches and leaves the layers of a network, whatever kind of model it is."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from symclone_tf.backends import backend
from symclone_tf.types import Array


def layer_inputs(
    model: keras.Model, layers: list[keras.layers.Layer], inputs: Any
) -> list[list[Array]]:
    """Calls a model, and records what some of its layers are called with.

    Args:
        model: `keras.Model`, of any kind.
        layers: List of layers of it.
        inputs: Array or tensor, or what else the model takes.

    Returns:
        List of a list for each layer, with an array for each of its calls.
    """
    calls = _calls(model, layers, inputs, keras.ops.convert_to_numpy)
    return [[found for one, found in calls if one is layer] for layer in layers]


def layer_outputs(
    model: keras.Model, layers: list[keras.layers.Layer], inputs: Any
) -> list[list[Array]]:
    """Calls a model, and records what some of its layers return.

    Args:
        model: `keras.Model`, of any kind.
        layers: List of layers of it.
        inputs: Array or tensor, or what else the model takes.

    Returns:
        List of a list for each layer, with an array for each of its calls.
    """
    calls = _calls(model, layers, inputs, keras.ops.convert_to_numpy, outputs=True)
    return [[found for one, found in calls if one is layer] for layer in layers]


def layer_calls(
    model: keras.Model, layers: list[keras.layers.Layer], inputs: Any
) -> list[tuple[keras.layers.Layer, Any]]:
    """Calls a model, and records the shapes that some of its layers are called with.

    Args:
        model: `keras.Model`, of any kind.
        layers: List of layers of it.
        inputs: Array or tensor, or what else the model takes.

    Returns:
        List of pairs, in the order of calls, of a layer and the shape of its inputs,
        or a structure of shapes where it takes several.
    """

    def shapes(value):
        return keras.tree.map_structure(lambda x: tuple(getattr(x, "shape", ())), value)

    return _calls(model, layers, inputs, shapes)


def _calls(
    model, layers, inputs, record, outputs=False
) -> list[tuple[keras.layers.Layer, Any]]:
    calls: list[tuple[keras.layers.Layer, Any]] = []
    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_recording(layer, record, calls, outputs))
        # Where a model, or a layer in it, compiles its call with `tf.function`, layers
        # see symbols of a graph, or nothing once it has been traced.
        stack.enter_context(backend().run_eagerly())
        model(inputs, training=False)
    return calls


@contextlib.contextmanager
def _recording(
    layer, record: Callable[[Any], Any], calls: list, outputs: bool
) -> Iterator[None]:
    """Records the inputs or outputs of a layer's calls while the context lasts."""
    # Keras 3 has no hooks around a layer's call. Models that end at inner tensors would
    # be another way for functional ones, but would leave nodes on the caller's layers,
    # by which `layer.input` becomes ambiguous; subclassed models have no such tensors.
    call, own = layer.call, vars(layer).get("call")

    def recording_call(*arguments, **options):
        if outputs:
            found = call(*arguments, **options)
            calls.append((layer, record(found)))
            return found
        calls.append((layer, record((*arguments, *options.values())[0])))
        return call(*arguments, **options)

    # Past `Layer.__setattr__`, by which Keras tracks what belongs to the layer.
    object.__setattr__(layer, "call", recording_call)
    try:
        yield
    finally:
        if own is None:
            object.__delattr__(layer, "call")
        else:
            object.__setattr__(layer, "call", own)
