#!/usr/bin/env bash
# TensorFlow 2.21.0: in 8-bit LiteRT files, some networks with pooling, CELU or `minimum` are wrong by 30 to 100%.
#
# One would guess that a network calibrated with images, and run on the same images, errs by a percent or two.
# Pooling, flips, concatenation and `minimum` copy or compare whole numbers, so that what they read and write has
# to have one scale. Where two of them follow each other, or `minimum` reads what others read too, the converter
# errs: a flip behind a pooling writes the pooling's numbers under another scale, so that all of them are read as
# about half; behind a concatenation, as in DenseNet's blocks, or a `minimum`, what is read gets the range of what
# is written, and is clipped to it. CELU, max(x, 0) + min(0, exp(x) − 1), makes every positive number 0. Nothing
# is said: the file converts, loads and runs. Pooling alone, or before a convolution, is right, and so are all of
# them by the older quantizer, `experimental_new_quantizer=False`. It bites whoever compares accuracies before and
# after quantization, blames 8 bits, and retrains.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0 ai-edge-litert==2.3.0
cat > "$folder/convert.py" <<'PYTHON'
import importlib.metadata

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers, ops

litert = importlib.metadata.version("ai-edge-litert")
print("keras", keras.__version__, "tensorflow", tf.__version__, "ai-edge-litert", litert)
images = np.random.default_rng(0).normal(size=(8, 12, 12, 4)).astype("float32")
pooled = layers.AveragePooling2D(2)


def dense_block(x):
    x = pooled(layers.Conv2D(4, 3, padding="same")(x))
    more = layers.Conv2D(4, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(x)))
    return layers.Concatenate()([x, more])


RIGHT = {
    "pooled": pooled,
    "pooled, then a convolution": lambda x: layers.Conv2D(4, 3)(pooled(x)),
    "flipped, then pooled": lambda x: pooled(ops.flip(x, 1)),
}
WRONG = {
    "pooled, then flipped": lambda x: ops.flip(pooled(x), 1),
    "pooled, then rotated by 90°": lambda x: ops.rot90(pooled(x), 1, (1, 2)),
    "a block of DenseNet": dense_block,
    "relu(x) + min(x, 0) / 2": lambda x: ops.relu(x) + 0.5 * ops.minimum(x, 0.0),
    "CELU": layers.Activation("celu"),
}


def in_8_bits(model, **options):
    """What a file says that is calibrated with the images themselves."""
    model.export(
        "model.tflite",
        format="litert",
        verbose=False,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([image[None]] for image in images),
        **options,
    )
    interpreter = Interpreter(model_path="model.tflite")
    interpreter.allocate_tensors()
    found = []
    for image in images:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.array(found), interpreter


def ranges(interpreter):
    """What the whole numbers of each map stand for: the least, and the largest."""
    for tensor in interpreter.get_tensor_details():
        scale, zero = tensor["quantization"]
        if tensor["dtype"] == np.int8 and scale and len(tensor["shape"]) == 4:
            yield round((-128 - zero) * scale, 2), round((127 - zero) * scale, 2)


for name, made in {**RIGHT, **WRONG}.items():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 4))
    model = keras.Model(inputs, made(inputs))
    expected = np.asarray(model(images, training=False))
    newer, interpreter = in_8_bits(model)
    older, _ = in_8_bits(model, experimental_new_quantizer=False)
    errors = [np.abs(found - expected).max() / np.abs(expected).max() for found in (newer, older)]
    print(f"{name}: wrong by {errors[0]:.3f} of the largest output, older quantizer {errors[1]:.3f}")
    assert errors[1] < 0.05
    assert errors[0] > 0.15 if name in WRONG else errors[0] < 0.05
    if name in ("pooled", "pooled, then flipped", "relu(x) + min(x, 0) / 2"):
        found = list(ranges(interpreter))
        print(f"  images from {images.min():.2f} to {images.max():.2f}; ranges of maps:", *found)
    if name == "pooled":
        assert found[0] == found[1]
    if name == "pooled, then flipped":
        assert found[0] == found[1] and found[2][1] < 0.6 * found[1][1]
    if name == "relu(x) + min(x, 0) / 2":
        assert found[0][1] == 0
    if name == "CELU":
        print("  of its positive outputs, are 0:", np.mean(newer[expected > 0.02] == 0))
        assert not newer[expected > 0.02].any()
PYTHON
cd "$folder"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/convert.py" 2> "$folder/messages" || {
    cat "$folder/messages"
    exit 1
}
echo "As described."
