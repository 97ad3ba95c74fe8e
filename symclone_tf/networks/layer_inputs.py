"""The inputs that reach the layers of a network, whatever kind of model it is."""

import contextlib

import keras
import tensorflow as tf

from symclone_tf.types import Array, Tensor


def layer_inputs(
    model: keras.Model, layers: list[keras.layers.Layer], inputs: Tensor
) -> list[list[Array]]:
    """Calls a model, and records what some of its layers are called with.

    Args:
        model: `keras.Model`, of any kind, with one input.
        layers: List of layers of it.
        inputs: Array or tensor.

    Returns:
        List of a list for each layer, with an array for each of its calls.
    """
    with contextlib.ExitStack() as stack:
        recorded = [stack.enter_context(_recording(layer)) for layer in layers]
        stack.enter_context(_eagerly())
        model(inputs, training=False)
    return recorded


@contextlib.contextmanager
def _recording(layer):
    """Records the inputs of a layer's calls while the context lasts."""
    # Keras 3 has no hooks around a layer's call. Models that end at inner tensors would
    # be another way for functional ones, but would leave nodes on the caller's layers,
    # by which `layer.input` becomes ambiguous; subclassed models have no such tensors.
    recorded, call = [], layer.call

    def recording_call(inputs, *arguments, **options):
        recorded.append(keras.ops.convert_to_numpy(inputs))
        return call(inputs, *arguments, **options)

    # Past `Layer.__setattr__`, by which Keras tracks what belongs to the layer.
    object.__setattr__(layer, "call", recording_call)
    try:
        yield recorded
    finally:
        object.__delattr__(layer, "call")


@contextlib.contextmanager
def _eagerly():
    """Runs functions eagerly while the context lasts."""
    # Where a model, or a layer in it, compiles its call with `tf.function`, layers see
    # symbols of a graph, or nothing once it has been traced. TensorFlow's switch is
    # for the whole process; there is none for one call.
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
