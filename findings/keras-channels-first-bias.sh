#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow: with channels first, the bias of a convolution is added to the
# columns of its outputs where these have as many columns as the layer has filters.
#
# One would guess that `data_format="channels_first"` computes what channels last does, with
# the axes in another order. `ops.add(outputs, bias)` of the TensorFlow backend takes a tensor
# with one axis longer than 1, such as the bias of shape (1, filters, 1, 1), for a bias, and
# looks for the axis of `outputs` of that size: first the last one, then the second. It does
# not look where the bias itself has it. Outputs of shape (batch, 8, 8, 8) get it along the
# width, without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 tensorflow-cpu==2.21.0 numpy==2.4.6
cat > "$folder/look.py" <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__)
rng = np.random.default_rng(0)


def difference(kind, columns, filters=3):
    """Between both orders of the axes, of the same layer on the same images."""
    images = rng.normal(size=(2, 4, 5, columns)).astype("float32")  # channels first
    layers = [
        kind(filters, 1, data_format=order, bias_initializer="random_normal")
        for order in ("channels_first", "channels_last")
    ]
    first = layers[0](images)
    layers[1].build((None, 5, columns, 4))
    layers[1].set_weights(layers[0].get_weights())
    last = layers[1](np.moveaxis(images, 1, -1))
    return float(np.abs(np.moveaxis(first, 1, -1) - last).max())


for kind in (keras.layers.Conv2D, keras.layers.SeparableConv2D):
    for columns in (2, 3, 4):
        found = difference(kind, columns)
        print(f"{kind.__name__}, 3 filters, {columns} columns: {found:.1e}")
        assert (found > 1e-2) == (columns == 3)

# The operation alone: ones along the second axis of four.
outputs, bias = np.zeros((1, 2, 2, 2), "float32"), np.array([1.0, 2.0], "float32")
found = keras.ops.add(outputs, bias.reshape(1, 2, 1, 1))
expected = outputs + bias.reshape(1, 2, 1, 1)
print("ops.add:", np.ravel(found), "NumPy:", np.ravel(expected))
assert not np.array_equal(found, expected)
print("As described.")
PYTHON
"$folder/environment/bin/python" "$folder/look.py" 2>/dev/null
