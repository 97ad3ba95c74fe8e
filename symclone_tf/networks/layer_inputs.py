"""What reaches and leaves the layers of a network, whatever kind of model it is."""

import contextlib
import inspect
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
    as_array = keras.ops.convert_to_numpy
    calls = _calls(model, layers, inputs, _first_as(as_array))
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
    as_array = keras.ops.convert_to_numpy
    calls = _calls(model, layers, inputs, after=lambda _, found: as_array(found))
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
    return _calls(model, layers, inputs, _first_as(_shapes))


def attention_calls(
    model: keras.Model, layers: list[keras.layers.Layer], inputs: Any
) -> list[tuple[keras.layers.Layer, Any]]:
    """Calls a model, and records what its attention is called with.

    Args:
        model: `keras.Model`, of any kind.
        layers: List of `keras.layers.MultiHeadAttention`, and of layers whose outputs
            are of interest.
        inputs: Array or tensor, or what else the model takes.

    Returns:
        List of pairs, in the order of calls, of a layer and a shape: of the outputs or,
        of attention, of the query, and `None` if its value or key is another tensor.
    """

    kind = keras.layers.MultiHeadAttention
    others = [layer for layer in layers if not isinstance(layer, kind)]
    attention = {id(layer) for layer in layers if isinstance(layer, kind)}
    calls: list[tuple[keras.layers.Layer, Any]] = []

    def record(layer, arguments, options):
        bound = inspect.signature(type(layer).call).bind(layer, *arguments, **options)
        query, value = bound.arguments["query"], bound.arguments["value"]
        key = bound.arguments.get("key")
        alone = value is query and (key is None or key is query)
        if id(layer) in attention:
            calls.append((layer, _shapes(query) if alone else None))

    with _before_casts(kind, record):
        _calls(model, others, inputs, after=lambda _, x: _shapes(x), calls=calls)
    return calls


@contextlib.contextmanager
def _before_casts(kind, record) -> Iterator[None]:
    """Records calls of all layers of a class, with the arguments that they are given.

    Keras may cast each argument to a tensor of its own before a layer's `call`.
    """
    own = kind.__call__

    def recording(layer, *arguments, **options):
        record(layer, arguments, options)
        return own(layer, *arguments, **options)

    kind.__call__ = recording
    try:
        yield
    finally:
        del kind.__call__


def _first_as(record):
    """What records the first argument of a call."""
    return lambda _, arguments, options: record((*arguments, *options.values())[0])


def _shapes(value):
    return keras.tree.map_structure(lambda x: tuple(getattr(x, "shape", ())), value)


def _calls(
    model: keras.Model,
    layers: list[keras.layers.Layer],
    inputs: Any,
    before: Callable[..., Any] | None = None,
    after: Callable[..., Any] | None = None,
    calls: list[tuple[keras.layers.Layer, Any]] | None = None,
) -> list[tuple[keras.layers.Layer, Any]]:
    """Calls a model, and records what layers are called with, or return.

    Args:
        before: Callable of a layer, the arguments and the options of a call, or `None`.
        after: Callable of a layer and what it returns, or `None`.
        calls: List that is added to; `None` for a new one.
        model, layers, inputs: See `layer_calls`.
    """
    calls = [] if calls is None else calls

    def recording(layer, call):
        def recording_call(*arguments, **options):
            if before is not None:
                calls.append((layer, before(layer, arguments, options)))
            found = call(*arguments, **options)
            if after is not None:
                calls.append((layer, after(layer, found)))
            return found

        return recording_call

    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_replaced_call(layer, recording(layer, layer.call)))
        # Where a model, or a layer in it, compiles its call with `tf.function`, layers
        # see symbols of a graph, or nothing once it has been traced.
        stack.enter_context(backend().run_eagerly())
        model(inputs, training=False)
    return calls


@contextlib.contextmanager
def _replaced_call(layer, call) -> Iterator[None]:
    """Replaces a layer's call while the context lasts."""
    # Keras 3 has no hooks around a layer's call. Models that end at inner tensors would
    # be another way for functional ones, but would leave nodes on the caller's layers,
    # by which `layer.input` becomes ambiguous; subclassed models have no such tensors.
    own = vars(layer).get("call")
    # Past `Layer.__setattr__`, by which Keras tracks what belongs to the layer.
    object.__setattr__(layer, "call", call)
    try:
        yield
    finally:
        if own is None:
            object.__delattr__(layer, "call")
        else:
            object.__setattr__(layer, "call", own)
