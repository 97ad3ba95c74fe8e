#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: a Normalization layer loses its mean in ONNX files.
#
# One would guess that `model.export(format="onnx")` writes the means and variances of an
# adapted or given `keras.layers.Normalization`, as it writes weights, and as SavedModel and
# LiteRT have them. But the layer holds them as tensors, which a traced function takes as
# further inputs, and tf2onnx keeps all inputs of the function that are no variables. The
# file has inputs that the network has not, as `sequential/norm/Sub/y:0`, and no values for
# them; no error is raised, and ONNX Runtime asks for them: "Required inputs are missing". It
# bites whoever deploys a network that normalizes its inputs itself. Arrays become
# constants of the file: set `layer.mean = np.array(layer.mean)`, and `variance`, before the
# export, after the last call of `adapt` or `load_model`.
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
import onnxruntime
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__, "numpy", np.__version__)
folder = pathlib.Path(sys.argv[1])
values = np.random.default_rng(0).normal(3, 2, size=(5, 3)).astype("float32")
adapted = keras.layers.Normalization(name="norm")
adapted.adapt(values)
given = keras.layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6], name="norm")


def session_of(model, name):
    model.export(folder / f"{name}.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
    print(name, "has inputs", [source.name for source in session.get_inputs()])
    return session


for name, layer in {"adapted": adapted, "given": given}.items():
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(2)])
    expected = model.predict(values, verbose=0)
    model.export(folder / name, verbose=False)
    served = tf.saved_model.load(folder / name)
    np.testing.assert_allclose(served.serve(values), expected, atol=1e-5)

    session = session_of(model, name)
    source, *others = (one.name for one in session.get_inputs())
    assert any("norm" in other for other in others), others
    try:
        session.run(None, {source: values})
    except ValueError as error:
        print(str(error)[:60])
        assert "Required inputs" in str(error)
    else:
        raise AssertionError("it runs")

    layer.mean, layer.variance = np.array(layer.mean), np.array(layer.variance)
    session = session_of(model, f"{name}, arrays")
    (source,) = session.get_inputs()
    (outputs,) = session.run(None, {source.name: values})
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
print("As described.")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/look.py" "$folder"
