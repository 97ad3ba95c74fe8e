#!/usr/bin/env bash
# TensorFlow 2.21.0: kernels sliced from one product of weights make an 8-bit LiteRT file that cannot be loaded.
#
# One would guess that the converter, which computes beforehand whatever depends on weights alone, does so
# with kernels that are mixtures of shared patterns, as of low-rank, steerable and region-wise convolutions;
# or that it refuses what it cannot quantize. Of one product of weights it makes two kernels beforehand. Of
# three or more it leaves the slices in the file: with calibration images they are quantized as
# activations are, `export` succeeds, and the interpreter refuses to allocate tensors, as a convolution's
# weights must have the zero point 0; without images ("dynamic range") these kernels silently stay in
# float32, so that the file is about as large as the unquantized one. A float file is right. It bites whoever
# converts such a network for a device that has only integers, who learns of it there. Assign the product to
# ordinary convolutions before the export, or take as many products as kernels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0 ai-edge-litert==2.3.0
cat > "$folder/convert.py" <<'PYTHON'
import importlib.metadata
import pathlib

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

litert = importlib.metadata.version("ai-edge-litert")
print("keras", keras.__version__, "tensorflow", tf.__version__, "ai-edge-litert", litert)
rng = np.random.default_rng(0)
images = rng.normal(size=(8, 8, 8, 4)).astype("float32")
SMALL = {"optimizations": [tf.lite.Optimize.DEFAULT]}
MODES = {
    "float32": {},
    "weights in 8 bits": SMALL,
    "8 bits": {**SMALL, "representative_dataset": lambda: ([x[None]] for x in images)},
}


class Mixtures(keras.layers.Layer):
    """Convolutions whose kernels are mixtures of the same patterns."""

    def __init__(self, count, one_product):
        super().__init__()
        self.count, self.one_product = count, one_product

    def build(self, shape):
        self.patterns = self.add_weight(shape=(9, 4 * 64))
        self.shares = self.add_weight(shape=(self.count, 9, 9))

    def call(self, x):
        if self.one_product:
            shares = keras.ops.reshape(self.shares, (-1, 9))
            bank = keras.ops.matmul(shares, self.patterns)
            bank = keras.ops.reshape(bank, (self.count, 3, 3, 4, 64))
            kernels = [bank[i] for i in range(self.count)]
        else:
            each = [keras.ops.matmul(self.shares[i], self.patterns) for i in range(self.count)]
            kernels = [keras.ops.reshape(one, (3, 3, 4, 64)) for one in each]
        return keras.ops.concatenate([keras.ops.conv(x, one) for one in kernels], -1)


def converted(layer, options):
    """The file's size, and its largest relative error, or why it cannot be loaded."""
    model = keras.Sequential([keras.Input((8, 8, 4)), layer])
    expected = np.asarray(model(images[:1]))
    file = pathlib.Path("model.tflite")
    model.export(str(file), format="litert", verbose=False, **options)
    size = file.stat().st_size
    interpreter = Interpreter(model_path=str(file))
    try:
        interpreter.allocate_tensors()
    except RuntimeError as error:
        return size, str(error)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images[:1])
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return size, float(np.abs(found - expected).max() / np.abs(expected).max())


results = {}
for count, one_product in ((2, True), (3, True), (4, True), (4, False)):
    for mode, options in MODES.items():
        keras.utils.set_random_seed(0)
        result = converted(Mixtures(count, one_product), options)
        results[count, one_product, mode] = result
        products = "one product" if one_product else f"{count} products"
        print(f"{count} kernels of {products}, {mode}: {result[0]} bytes,", result[1])
for (count, one_product, mode), (size, result) in results.items():
    left = one_product and count > 2
    whole = results[count, one_product, "float32"][0]
    if mode == "8 bits" and left:
        assert "zero_point" in result, result
        continue
    assert result < (1e-5 if mode == "float32" else 0.05), result
    if mode == "weights in 8 bits":
        assert (size > 0.8 * whole) == left
PYTHON
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/convert.py" 2> "$folder/messages" || {
    cat "$folder/messages"
    exit 1
}
echo "As described."
