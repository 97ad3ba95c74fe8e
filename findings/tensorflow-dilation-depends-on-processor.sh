#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: what a layer computes depends on the kind of CPU.
#
# One would guess that a network which runs on one CPU runs on another with the same
# TensorFlow. But TensorFlow decides by the processor whether it computes with oneDNN, by
# itself on newer ones only, and its own kernels for CPUs have no dilated transposed
# convolution: `Conv2DTranspose(dilation_rate=2)` raises an error at its first call, though
# it was built, trained and saved elsewhere. Dilated convolutions and their gradients work
# with both. It bites who moves a network to an older server, or to a virtual machine that
# hides what its processor can. TF_ENABLE_ONEDNN_OPTS=1, set before TensorFlow is imported,
# makes the layer work there, but is no remedy: on processors without AVX-512, oneDNN ended
# the process in some small convolutions. The script sets the variable both ways, on any
# processor.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0
cat > "$folder/look.py" <<'PYTHON'
import sys

import keras
import numpy as np
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__, "oneDNN", sys.argv[1])
images = np.ones((2, 8, 8, 1), "float32")


def result(call):
    try:
        call()
        return "works"
    except tf.errors.InvalidArgumentError as error:
        return str(error).partition("device:CPU:0}} ")[2].partition(" [Op")[0]


model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(2, 3, activation="relu"),
        keras.layers.Conv2D(2, 3, dilation_rate=2),
    ]
)
model.compile("sgd", "mse")
transposed = keras.layers.Conv2DTranspose(2, 3, dilation_rate=2)
found = {
    "a dilated convolution trains": result(
        lambda: model.fit(images, np.ones((2, 2, 2, 2)), verbose=0)
    ),
    "a dilated transposed one is called": result(lambda: transposed(images)),
}
for what, outcome in found.items():
    print(f"{what}: {outcome}")
trains, called = found.values()
assert trains == "works"
assert (called == "works") == (sys.argv[1] == "1")
assert sys.argv[1] == "1" or "dilation rates larger than 1" in called
PYTHON
for onednn in 0 1; do
    TF_ENABLE_ONEDNN_OPTS=$onednn TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
        "$folder/environment/bin/python" "$folder/look.py" "$onednn" 2>/dev/null
done
echo "As described."
