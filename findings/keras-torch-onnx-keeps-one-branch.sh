#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch: ONNX files of networks with `keras.ops.cond`, `switch`, `while_loop` or `map` hold one run.
#
# One would guess that Keras' own control flow is exported as it is from TensorFlow, where the file chooses
# and loops (but for `switch`, whose file ONNX Runtime refuses). On PyTorch, `model.export(format="onnx")`
# records what one image of ones does: `cond` and `switch` keep the branch that it took for all images,
# `while_loop` as many steps as it needed, and `map` over the batch answers for the first image alone. Of
# `switch` and `map` not even PyTorch's TracerWarning tells. A loop of fixed length and `vectorized_map` are
# right. It bites networks that ask for the brightness or number of their images, or iterate to convergence, once
# they are served; whoever compares one image with Keras beforehand may see no difference.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0 tensorflow==2.21.0 \
    tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.31.1
cat > "$folder/export.py" <<'PYTHON'
import importlib
import sys
import warnings

import keras
import numpy as np
import onnxruntime
from keras import ops

backend = keras.config.backend()
print("keras", keras.__version__, backend, importlib.import_module(backend).__version__)


class Computes(keras.layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)

    def compute_output_shape(self, shape):
        return shape


FUNCTIONS = {
    "cond": lambda x: ops.cond(ops.mean(x) > 0, lambda: x + 1, lambda: x * 10),
    "while_loop": lambda x: ops.while_loop(
        lambda v: ops.max(ops.abs(v)) < 100, lambda v: (v * 2,), (x,)
    )[0],
    "map": lambda x: ops.map(lambda row: row * 2, x),
    "fori_loop": lambda x: ops.fori_loop(0, 3, lambda i, v: v * 2, x),
    "vectorized_map": lambda x: ops.vectorized_map(lambda row: row * 2, x),
}
if backend == "torch":  # of TensorFlow's file ONNX Runtime reads nothing
    FUNCTIONS["switch"] = lambda x: ops.switch(
        ops.cast(ops.mean(x) > 0, "int32"), [lambda v: v * 10, lambda v: v + 1], x
    )
WRONG = {"cond", "while_loop", "map", "switch"} if backend == "torch" else set()
BATCHES = {
    "an image of ones": np.ones((1, 4), "float32"),
    "two images": np.full((2, 4), -30.0, "float32"),
}
for name, function in FUNCTIONS.items():
    model = keras.Sequential([keras.Input((4,)), Computes(function)])
    model(BATCHES["an image of ones"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.export(sys.argv[1], format="onnx", verbose=False)
    warned = any("Tracer" in each.category.__name__ for each in caught)
    session = onnxruntime.InferenceSession(sys.argv[1])
    for title, images in BATCHES.items():
        expected = ops.convert_to_numpy(model(images))
        found = session.run(None, {session.get_inputs()[0].name: images})[0]
        same = found.shape == expected.shape and np.allclose(found, expected)
        print(
            f"{name}, {title}: Keras {expected[:, 0]}, ONNX {found[:, 0]}",
            "(warned)" if warned else "",
        )
        assert same == (title == "an image of ones" or name not in WRONG)
    if name in ("map", "switch"):
        assert not warned
PYTHON
for backend in torch tensorflow; do
    KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" \
        "$folder/export.py" "$folder/model.onnx" 2> "$folder/messages" || {
        cat "$folder/messages"
        exit 1
    }
done
echo "As described."
