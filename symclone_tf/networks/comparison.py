"""Compares a network with its copy: outputs, and whose weights it uses."""

from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.networks.network_inputs import noise


def largest_difference(
    before: keras.layers.Layer,
    after: keras.layers.Layer,
    specs: Any,
    mean: float = 0.0,
    deviation: float = 1.0,
) -> float:
    """The largest difference between outputs for noise, relative to the largest.

    Of models whose class has a `predict` or `predict_step` of its own, the outputs are
    what `predict` returns.

    Args:
        before: Layer or model.
        after: Layer or model.
        specs: See `input_specs`.
        mean: Float, of the noise.
        deviation: Float, of the noise.

    Returns:
        Float.
    """
    inputs = noise(specs, mean, deviation)
    predicts = _predicts(before)
    pairs = zip(*(_outputs(layer, inputs, predicts) for layer in (before, after)))
    differences = []
    for expected, found in pairs:
        size = np.abs(expected).max()
        differences.append(float(np.abs(found - expected).max() / (size or 1)))
    return max(differences)


def check_own_weights(model: keras.Model, made: keras.Model, inputs: Any) -> None:
    """Checks that a copy of a network uses no weights of the network itself.

    Raises:
        ValueError: If it does, as where a layer finds others in a global variable.
    """
    if keras.config.backend() != "tensorflow":
        return
    import tensorflow as tf

    with tf.GradientTape() as tape:
        made(inputs, training=False)
    used = {id(variable) for variable in tape.watched_variables()}
    own = {id(variable.value) for variable in made.variables}
    for variable in model.variables:
        if id(variable.value) in used - own:
            raise ValueError(
                "The network cannot be copied: one of its layers uses weights that "
                f"belong to none of its own layers. Received: {variable.path!r}, which "
                "the copy would share"
            )


def _predicts(model) -> bool:
    """Whether `predict` of a model does more than to call it."""
    names = ("predict", "predict_step", "predict_on_batch")
    return isinstance(model, keras.Model) and any(
        getattr(type(model), name) is not getattr(keras.Model, name) for name in names
    )


def _outputs(layer, inputs, predicts) -> list:
    """The outputs of a layer or model, as a list of arrays."""
    if predicts:
        outputs = _predicted(layer, inputs)
    elif isinstance(layer, keras.Model):
        # In so many words: behind an image preprocessing layer, whose own default is to
        # train, Keras 3.15 runs BatchNormalization in training otherwise.
        outputs = layer(inputs, training=False)
    else:
        outputs = layer(inputs)
    return [
        ops.convert_to_numpy(ops.cast(found, "float32"))
        for found in keras.tree.flatten(outputs)
    ]


def _predicted(model, inputs) -> Any:
    """What `predict` returns, whose compiled function is left as it was."""
    function, eagerly = model.predict_function, model.run_eagerly
    # Compiling it would take longer than the one batch.
    model.run_eagerly, model.predict_function = True, None
    try:
        return model.predict(inputs, verbose=0)
    finally:
        model.run_eagerly, model.predict_function = eagerly, function
