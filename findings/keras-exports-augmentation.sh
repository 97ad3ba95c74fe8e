#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: an exported SavedModel augments what it is asked about.
#
# One would guess that `keras.layers.RandomFlip` and `RandomRotation` at the beginning of a
# network do nothing but in `fit`, and that `model.export` writes what `predict` computes, as
# with `Dropout`. But `call` of Keras' layers of augmentation has `training=True` as its
# default, which holds wherever nobody says otherwise: in `model(images)`, and in the call that
# `model.export` traces. The SavedModel flips and rotates each image anew: the same request
# has another answer each time, and accuracy is that on augmented images. No warning is
# raised; Keras' LiteRT export says `training=False`. It bites whoever serves a network that has its
# augmentation inside. Export `keras.Model(inputs, model(inputs, training=False))` of
# `inputs = model.inputs[0]` instead, and call networks with `training=False`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0
cat > "$folder/look.py" <<'PYTHON'
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__, "numpy", np.__version__)
folder = pathlib.Path(sys.argv[1])
keras.utils.set_random_seed(0)
images = np.random.default_rng(0).normal(size=(8, 9, 9, 1)).astype("float32")


def network(layer):
    rest = [keras.layers.Flatten(), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((9, 9, 1)), layer, *rest])


def far(found, expected):
    return float(np.abs(np.asarray(found) - expected).max())


for layer in (keras.layers.RandomFlip(), keras.layers.RandomRotation(0.5)):
    model, name = network(layer), type(layer).__name__
    expected = model.predict(images, verbose=0)
    assert far(model(images, training=False), expected) < 1e-5
    assert far(model(images), expected) > 0.1, name
    model.export(folder / name, verbose=False)
    served = tf.saved_model.load(folder / name)
    first, second = served.serve(images), served.serve(images)
    print(name, "served, from predict:", far(first, expected), far(second, expected))
    assert min(far(first, expected), far(second, expected)) > 0.1
    assert far(first, np.asarray(second)) > 0.1

    inputs = model.inputs[0]
    inference = keras.Model(inputs, model(inputs, training=False))
    inference.export(folder / f"{name}-inference", verbose=False)
    served = tf.saved_model.load(folder / f"{name}-inference")
    print(name, "with training=False:", far(served.serve(images), expected))
    assert far(served.serve(images), expected) < 1e-5

# Dropout, whose default is False, is not in the file.
model = network(keras.layers.Dropout(0.5))
expected = model.predict(images, verbose=0)
assert far(model(images), expected) < 1e-5
model.export(folder / "dropout", verbose=False)
served = tf.saved_model.load(folder / "dropout")
assert far(served.serve(images), expected) < 1e-5
print("As described.")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/look.py" "$folder"
