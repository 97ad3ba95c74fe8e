#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: a convolution in groups is compiled in every eager call.
#
# One would guess that `Conv2D(groups=8)` takes at most the time of `Conv2D`, as it has an
# eighth of the multiplications, and is exported as it is. But `keras.ops.conv` wraps each
# call with fewer channels in the kernel than in the inputs into a new `tf.function` with
# `jit_compile=True`, since TensorFlow lacks some gradients of groups on CPUs. Eager calls
# trace and compile anew, whatever the shapes; gradients in a `tf.function` take many times
# those of one group; and `model.export(format="onnx")` writes a call of that function,
# without an error, into a file that ONNX Runtime refuses. It bites whoever trains
# ResNeXt-like networks on CPUs, or deploys them by ONNX. A convolution for each group,
# `ops.split` before and `ops.concatenate` after, has the same outputs to the bit, is as
# fast as one group, and is exported.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0 \
    tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.31.1
cat > "$folder/look.py" <<'PYTHON'
import pathlib
import sys
import time

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
from keras import ops

print("keras", keras.__version__, "tensorflow", tf.__version__, "numpy", np.__version__)
folder, groups = pathlib.Path(sys.argv[1]), 8
images = tf.random.stateless_normal((16, 24, 24, 64), (0, 0))
kernels = {n: tf.random.stateless_normal((3, 3, 64 // n, 64), (1, 1)) for n in (1, groups)}


def in_parts(inputs, kernel):
    parts = zip(ops.split(inputs, groups, -1), ops.split(kernel, groups, -1))
    return ops.concatenate([ops.conv(*part) for part in parts], axis=-1)


def step(convolve, kernel):
    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            tape.watch([images, kernel])
            loss = tf.reduce_sum(tf.square(convolve(images, kernel)))
        return tape.gradient(loss, [images, kernel])

    return gradients


calls = {
    "one group": (ops.conv, kernels[1]),
    "in groups": (ops.conv, kernels[groups]),
    "in parts": (in_parts, kernels[groups]),
}
steps = {name: step(*call) for name, call in calls.items()}
seconds = {(name, what): [] for name in calls for what in ("eager call", "step")}
for _ in range(6):
    for name, (convolve, kernel) in calls.items():
        start = time.perf_counter()
        np.array(convolve(images, kernel))
        seconds[name, "eager call"].append(time.perf_counter() - start)
        start = time.perf_counter()
        [np.array(gradient) for gradient in steps[name]()]
        seconds[name, "step"].append(time.perf_counter() - start)
fastest = {key: min(values[1:]) for key, values in seconds.items()}
for (name, what), value in fastest.items():
    print(f"{name}, {what}: {1e3 * value:.1f} ms")
for what in ("eager call", "step"):
    slow = fastest["in groups", what]
    assert slow > 3 * fastest["one group", what] > 0, what
    assert slow > 3 * fastest["in parts", what] > 0, what

difference = np.abs(in_parts(images, kernels[groups]) - ops.conv(images, kernels[groups]))
print(f"in parts: differs by {difference.max()}")
assert difference.max() == 0
for found, expected in zip(steps["in parts"](), steps["in groups"]()):
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=0.1)


class InParts(keras.layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        return in_parts(inputs, kernel)


for layer in (keras.layers.Conv2D, InParts):
    model = keras.Sequential([keras.Input((24, 24, 64)), layer(64, 3, groups=groups)])
    expected = model.predict(images, verbose=0)
    file = folder / f"{layer.__name__}.onnx"
    model.export(file, format="onnx", verbose=False)
    operations = sorted({node.op_type for node in onnx.load(file).graph.node})
    try:
        session = onnxruntime.InferenceSession(file)
        (source,) = session.get_inputs()
        (outputs,) = session.run(None, {source.name: np.array(images)})
        result = "runs"
        np.testing.assert_allclose(outputs, expected, atol=1e-4)
    except Exception as error:
        result = f"is refused: {type(error).__name__}"
    print(f"{layer.__name__}(groups={groups}): {operations} {result}")
    refused = layer is keras.layers.Conv2D
    assert any("PartitionedCall" in name for name in operations) == refused
    assert result == ("is refused: InvalidGraph" if refused else "runs")
print("As described.")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/look.py" "$folder"
