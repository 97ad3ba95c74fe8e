"""Checks that every Keras layer must pass, in one call."""

import contextlib
import json
import warnings

import keras
import numpy as np
from keras.src import testing


def check_layer(cls, arguments, inputs, output_shape, weights, path, trainable=None):
    """Builds, calls, serializes, saves, reloads and fits a layer.

    `inputs` are arrays: the layer is called with all of them.
    """
    layer = cls(**arguments)
    outputs = layer(*inputs)
    assert tuple(outputs.shape) == output_shape
    assert layer.compute_output_shape(*(a.shape for a in inputs)) == output_shape
    assert len(layer.weights) == weights
    assert len(layer.trainable_weights) == (weights if trainable is None else trainable)

    config = layer.get_config()
    assert json.loads(json.dumps(config)) == config
    assert cls.from_config(config).get_config() == config
    run_keras_own_checks(cls, arguments, inputs, output_shape, weights, trainable)

    symbolic = [keras.Input(a.shape[1:], batch_size=a.shape[0]) for a in inputs]
    model = keras.Model(symbolic, layer(*symbolic))
    model.save(path)
    reloaded = keras.saving.load_model(path)
    names = [w.path.split("/")[-2:] for w in model.trainable_weights]
    assert [w.path.split("/")[-2:] for w in reloaded.trainable_weights] == names
    np.testing.assert_array_equal(
        reloaded.predict_on_batch(list(inputs)), model.predict_on_batch(list(inputs))
    )

    if not weights:
        return layer
    before = [w.copy() for w in layer.get_weights()]
    reloaded.compile("sgd", "mse")
    reloaded.fit(
        list(inputs), np.ones(output_shape), verbose=0, batch_size=len(inputs[0])
    )
    pairs = zip(reloaded.get_weights(), before)
    assert any(not np.array_equal(a, b) for a, b in pairs)
    return layer


def _draws(arguments):
    """Whether a layer transforms its inputs at random in training."""
    anchored = "student" in arguments and arguments.get("symmetry") == "anchored"
    default = "transformed-inputs"
    return anchored and arguments.get("anchor", default) == default


def run_keras_own_checks(cls, arguments, inputs, output_shape, weights, trainable):
    """The checks of Keras for its own layers."""
    trainable = weights if trainable is None else trainable
    keras_own = testing.TestCase()
    keras_own.setUp()
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        stack.callback(keras_own.tearDown)
        # About the generator that the checks train on.
        warnings.filterwarnings("ignore", message="`shuffle=True` was passed")
        if not trainable:
            # Which they train all the same.
            message = "The model does not have any trainable weights"
            warnings.filterwarnings("ignore", message=message)
        keras_own.run_layer_test(
            cls,
            arguments,
            input_shape=inputs[0].shape,
            expected_output_shape=output_shape,
            expected_num_trainable_weights=trainable,
            expected_num_non_trainable_weights=weights - trainable,
            expected_num_seed_generators=int(_draws(arguments)),
            supports_masking=cls.__name__ == "ClonedAttention",
        )
