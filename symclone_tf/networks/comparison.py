"""Compares a network with its copy: outputs, and whose weights it uses."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.network_inputs import noise
from symclone_tf.networks.references import attributes_of


@contextlib.contextmanager
def unchanged(layer: keras.layers.Layer) -> Iterator[None]:
    """Puts all variables of a layer back at the end, as random and other states."""
    variables = _all_variables(layer)
    values = [ops.convert_to_numpy(variable).copy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values):
            variable.assign(value)


def _all_variables(layer) -> list[keras.Variable]:
    """The variables of a layer, and those that Keras does not track, as RNN states."""
    found = [*layer.variables, *getattr(layer, "metrics_variables", ())]
    for one in all_layers(layer):
        for value in attributes_of(one).values():
            several = isinstance(value, (list, tuple))
            found += [
                variable
                for variable in (value if several else (value,))
                if isinstance(variable, keras.Variable)
            ]
    return list({id(variable): variable for variable in found}.values())


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
    with unchanged(before), unchanged(after):
        outputs = [_outputs(layer, inputs, predicts) for layer in (before, after)]
    pairs = zip(*outputs, strict=True)
    differences = []
    for expected, found in pairs:
        size = np.abs(expected).max()
        differences.append(float(np.abs(found - expected).max() / (size or 1)))
    return max(differences)


def has_finite_weights(model: keras.Model) -> bool:
    """Whether all weights of a network are finite, as they are unless it diverged.

    A finite loss does not say it: where TensorFlow 2.21.0 computes a layer and its ReLU
    by one operation of oneDNN, what is not a number becomes zero.

    Args:
        model: `keras.Model`.

    Returns:
        Boolean.
    """
    return all(np.isfinite(weight).all() for weight in model.get_weights())


def check_own_weights(model: keras.Model, made: keras.Model, inputs: Any) -> None:
    """Checks that a copy of a network uses no weights of the network itself.

    Raises:
        ValueError: If it does, as where a layer finds others in a global variable.
    """
    of_copy = {id(variable) for variable in made.variables}
    used = of_copy | _variables_read(made, inputs)
    for variable in model.variables:
        # TensorFlow tells of its own variables, and two of Keras may hold one of them.
        if {id(variable), id(variable.value)} & used:
            raise ValueError(
                "The network cannot be copied: one of its layers finds others where "
                "they cannot be followed, as in a global variable, or an object of its "
                f"own kind. Received: {variable.path!r}, which the copy would share"
            )


def _variables_read(model, inputs) -> set[int]:
    """The identities of variables that a call reads; TensorFlow's own on TensorFlow."""
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape, unchanged(model):
            model(inputs, training=False)
        found = {id(variable) for variable in tape.watched_variables()}
        return found | {id(variable.value) for variable in model.variables}
    with _ReadVariables() as scope:
        model(inputs, training=False)
    return scope.found


class _ReadVariables(keras.StatelessScope):
    """Notes which variables of Keras are read; what is assigned is forgotten."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def get_current_value(self, variable):
        self.found.add(id(variable))
        return super().get_current_value(variable)


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
