#!/usr/bin/env bash
# Keras 3.15.1, TensorFlow 2.21.0, tf2onnx 1.17.0: GELU makes ONNX files that nothing reads.
#
# One would guess that a `keras.layers.Dense(2, "gelu")` is exported to ONNX, which has `Erf`,
# and `Gelu` since its 20th set of operations, or that the export fails. But TensorFlow
# 2.21 computes the exact GELU by `erfc`, which tf2onnx does not know: it logs an error, writes
# TensorFlow's `Erfc` as an operation of ONNX, which has none of that name, and `model.export` ends
# as if all were well. ONNX Runtime refuses the file when it is loaded, elsewhere and later. It
# bites whoever deploys a ConvNeXt or a transformer. `1 - Erf(x)` in its place computes
# the same, to float32's rounding; GELU by `tanh`, `approximate=True`, is exported as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0 \
    tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.31.1
cat > "$folder/look.py" <<'PYTHON'
import pathlib
import sys

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__, "onnx", onnx.__version__)
folder = pathlib.Path(sys.argv[1])
values = np.random.default_rng(0).normal(0, 3, size=(50, 3)).astype("float32")


def exported(activation, name):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation)])
    expected = model.predict(values, verbose=0)
    file = folder / name
    model.export(file, format="onnx", verbose=False)  # raises nothing
    print(name, "has", [node.op_type for node in onnx.load(file).graph.node])
    return file, expected


def outputs(file):
    session = onnxruntime.InferenceSession(file)
    return session.run(None, {session.get_inputs()[0].name: values})[0]


file, expected = exported("gelu", "exact.onnx")
proto = onnx.load(file)
assert "Erfc" in [node.op_type for node in proto.graph.node]
assert "Erfc" not in {schema.name for schema in onnx.defs.get_all_schemas()}
try:
    onnxruntime.InferenceSession(file)
except Exception as error:
    print(type(error).__name__, str(error)[:90])
else:
    raise AssertionError("it is read")

nodes = []
for node in proto.graph.node:
    if node.op_type == "Erfc":
        one = onnx.numpy_helper.from_array(np.float32(1), "one")
        proto.graph.initializer.append(one)
        nodes.append(onnx.helper.make_node("Erf", node.input, ["erf"]))
        nodes.append(onnx.helper.make_node("Sub", ["one", "erf"], node.output))
    else:
        nodes.append(node)
del proto.graph.node[:]
proto.graph.node.extend(nodes)
onnx.save(proto, folder / "mended.onnx")
np.testing.assert_allclose(outputs(folder / "mended.onnx"), expected, atol=1e-5)

file, expected = exported(lambda x: keras.ops.gelu(x, approximate=True), "tanh.onnx")
np.testing.assert_allclose(outputs(file), expected, atol=1e-5)
print("As described.")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/look.py" "$folder"
