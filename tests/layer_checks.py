"""What every Keras layer must do, exercised in one call."""

import json

import keras
import numpy as np


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
    again = cls.from_config(config).get_config()
    assert without_identity(again) == without_identity(config)

    symbolic = [keras.Input(a.shape[1:], batch_size=a.shape[0]) for a in inputs]
    model = keras.Model(symbolic, layer(*symbolic))
    model.save(path)
    reloaded = keras.saving.load_model(path)
    names = [w.path.split("/")[-2:] for w in model.trainable_weights]
    assert [w.path.split("/")[-2:] for w in reloaded.trainable_weights] == names
    np.testing.assert_array_equal(
        reloaded.predict_on_batch(list(inputs)), model.predict_on_batch(list(inputs))
    )

    before = [w.copy() for w in layer.get_weights()]
    reloaded.compile("sgd", "mse")
    reloaded.fit(
        list(inputs), np.ones(output_shape), verbose=0, batch_size=len(inputs[0])
    )
    moved = zip(reloaded.get_weights(), before)
    assert any(not np.array_equal(a, b) for a, b in moved)
    return layer


def without_identity(config):
    """A configuration without what tells equal objects apart."""
    if not isinstance(config, dict):
        return config
    return {
        key: without_identity(value)
        for key, value in config.items()
        if key != "shared_object_id"
    }
