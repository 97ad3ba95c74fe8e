#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: channels that are padded with zeros are lost in graphs.
#
# One would guess that a padding of channels before a convolution, as shortcuts of residual
# networks have it where they widen, does in a compiled function what it does in an eager
# call. But where TensorFlow computes with oneDNN, its graph optimizer takes any padding
# before a "valid" convolution for one of rows and columns, and hands the convolution
# the images without their new channels: `input depth must be evenly divisible by filter
# depth: 1 vs 2`. Eager calls and graphs without oneDNN work; so does a concatenation with
# zeros. It bites whose layer was tested eagerly and is then called by `predict` or `fit`.
# The script sets oneDNN both ways.
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
from keras import ops

print("keras", keras.__version__, "tensorflow", tf.__version__, "oneDNN", sys.argv[1])
rng = np.random.default_rng(0)
images = rng.normal(size=(2, 6, 6, 1)).astype("float32")
kernel = rng.normal(size=(3, 3, 2, 4)).astype("float32")


def padded(images):
    return ops.pad(images, [(0, 0), (0, 0), (0, 0), (0, 1)])


def concatenated(images):
    return ops.concatenate([images, ops.zeros_like(images)], axis=-1)


def result(widen, wrap):
    call = wrap(lambda images: ops.conv(widen(images), kernel, padding="valid"))
    expected = ops.conv(images, kernel[:, :, :1], padding="valid")
    try:
        found = call(images)
    except tf.errors.InvalidArgumentError as error:
        return next(line for line in str(error).splitlines() if "depth" in line)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    return "right"


found = {
    "padded, eager": result(padded, lambda call: call),
    "padded, in a graph": result(padded, tf.function),
    "concatenated, in a graph": result(concatenated, tf.function),
}
for what, outcome in found.items():
    print(f"{what}: {outcome}")
eager, graph, concatenation = found.values()
assert eager == concatenation == "right"
if sys.argv[1] == "1":
    assert "input depth must be evenly divisible by filter depth: 1 vs 2" in graph
else:
    assert graph == "right"
PYTHON
for onednn in 0 1; do
    TF_ENABLE_ONEDNN_OPTS=$onednn TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
        "$folder/environment/bin/python" "$folder/look.py" "$onednn" 2>/dev/null
done
echo "As described."
