#!/usr/bin/env bash
# Keras 3.15.1, tf2onnx 1.17.0: an exported network rounds a half up in Keras, down in ONNX.
#
# One would guess that `-(-size // 2)`, the usual way to divide integers and round up, is
# the same in the ONNX file that `export(format="onnx")` writes of a network for inputs of
# any size. But the division of integers becomes ONNX's, which rounds towards zero, where
# Python's, NumPy's and TensorFlow's round down: of 5 Keras keeps 3 steps, the file 2, and
# nothing is said. `(size + 1) // 2`, of numbers that are not negative, is the same in
# both. It bites whose layers compute crops or paddings from sizes that are known at run
# time only, and who compared outputs at even sizes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 onnx==1.23.2 \
    onnxruntime==1.32.0 tensorflow==2.21.0 tf2onnx==1.17.0
cat > "$folder/look.py" <<'PYTHON'
from importlib.metadata import version

import keras
import numpy as np
import onnxruntime
from keras import ops

for name in ("keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime"):
    print(name, version(name), end="  ")
print()


class FirstHalf(keras.layers.Layer):
    """The first half of the steps, rounded up."""

    def __init__(self, rounds_up, **kwargs):
        super().__init__(**kwargs)
        self.rounds_up = rounds_up

    def call(self, signals):
        return signals[:, : self.rounds_up(ops.shape(signals)[1])]

    def compute_output_shape(self, shape):
        return shape[0], None, shape[2]


def steps(name, rounds_up):
    """How many steps Keras and ONNX Runtime keep of 4, 5, 6 and 7."""
    model = keras.Sequential([keras.Input((None, 2)), FirstHalf(rounds_up)])
    model(np.ones((1, 4, 2), "float32"))
    model.export(f"{name}.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(f"{name}.onnx")
    feed = session.get_inputs()[0].name
    found = []
    for size in (4, 5, 6, 7):
        signals = np.ones((1, size, 2), "float32")
        (kept,) = session.run(None, {feed: signals})
        found.append((model.predict(signals, verbose=0).shape[1], kept.shape[1]))
    print(f"{name}, kept by Keras and by ONNX of 4, 5, 6, 7: {found}")
    return found


negative = steps("negative", lambda size: -(-size // 2))
positive = steps("positive", lambda size: (size + 1) // 2)
assert negative == [(2, 2), (3, 2), (3, 3), (4, 3)]
assert positive == [(2, 2), (3, 3), (3, 3), (4, 4)]
PYTHON
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" environment/bin/python look.py 2>/dev/null
echo "As described."
