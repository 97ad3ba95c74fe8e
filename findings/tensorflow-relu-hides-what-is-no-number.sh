#!/usr/bin/env bash
# TensorFlow 2.21.0: behind a convolution or a Dense layer, ReLU makes zero of NaN in a graph, and the loss looks fine.
#
# One would guess that a network one of whose kernels is not a number has a loss of NaN, and that
# `TerminateOnNaN` ends its training. Called eagerly it returns NaN. But `fit`, `evaluate` and `predict`
# compile a graph, in which TensorFlow computes a convolution or a Dense layer, its bias and its ReLU by one
# operation of oneDNN, whose ReLU makes zero of NaN: predictions are finite, the loss is that of guessing, fit
# goes on, and the weights stay NaN. `tf.nn.relu` alone keeps NaN, and so does the network with
# TF_ENABLE_ONEDNN_OPTS=0, or with a normalisation in between. oneDNN is on by itself on most newer
# processors. It bites whoever tells a diverged or damaged network by its loss: look at the weights.
# The script sets the variable both ways.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0
cat > "$folder/diverged.py" <<'PYTHON'
import sys

import keras
import numpy as np
import tensorflow as tf

hidden = sys.argv[1] == "1"
print("keras", keras.__version__, "tensorflow", tf.__version__, "oneDNN", hidden)
layers = keras.layers
rng = np.random.default_rng(0)
images = rng.normal(size=(16, 8, 8, 1)).astype("float32")
labels = rng.integers(3, size=16)


def network(*first):
    head = layers.Flatten(), layers.Dense(3, "softmax")
    model = keras.Sequential([keras.Input((8, 8, 1)), *first, *head])
    kernel = next(each.kernel for each in model.layers if hasattr(each, "kernel"))
    kernel.assign(np.full(kernel.shape, np.nan))
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    return model


def lost(values):
    return bool(np.isnan(np.asarray(values)).any())


def found(title, model):
    """Whether NaN is seen eagerly, in predictions, and in the loss of a training."""
    seen = lost(model(images)), lost(model.predict(images, verbose=0))
    stop = keras.callbacks.TerminateOnNaN()
    history = model.fit(images, labels, batch_size=8, epochs=3, verbose=0, callbacks=[stop])
    losses = history.history["loss"]
    print(title, "eagerly", seen[0], "predicted", seen[1], "losses", losses)
    return *seen, lost(losses), len(losses)


quiet = (True, False, False, 3) if hidden else (True, True, True, 1)
assert lost(tf.nn.relu([np.nan]))
assert found("convolution", network(layers.Conv2D(4, 3, activation="relu"))) == quiet
dense = layers.Flatten(), layers.Dense(4, activation="relu")
assert found("dense", network(*dense)) == quiet
between = layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()
assert lost(network(*between).predict(images, verbose=0))
PYTHON
for onednn in 1 0; do
    TF_ENABLE_ONEDNN_OPTS=$onednn TF_CPP_MIN_LOG_LEVEL=3 \
        "$folder/environment/bin/python" "$folder/diverged.py" $onednn
done
echo "As described."
