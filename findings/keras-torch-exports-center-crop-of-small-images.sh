#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch: `CenterCrop` of images that are smaller than the crop gives a few pixels in ONNX files.
#
# One would guess that an exported network preprocesses as it did. `CenterCrop` enlarges images that are too small,
# and crops the rest, in `predict` on PyTorch as on TensorFlow. In the ONNX file that Keras writes on PyTorch the
# images are cropped all the same, from an index that is negative, so that of 7×6 pixels for a crop of 9×9 one
# pixel is left. No error: what averages over space goes on with it. `Resizing` with `crop_to_aspect_ratio`, which
# enlarges and crops as well, and `CenterCrop` of larger images are right. It bites classifiers that end with
# global pooling, and are served with thumbnails.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0 onnx==1.23.2 onnxruntime==1.31.1
cat > "$folder/crop.py" <<'PYTHON'
import sys

import keras
import numpy as np
import onnxruntime
import torch
from keras import layers

print("keras", keras.__version__, "torch", torch.__version__)
images = np.random.default_rng(0).uniform(size=(2, 7, 6, 3)).astype("float32")
last = {"data_format": "channels_last"}
CASES = {
    "CenterCrop(5, 5)": layers.CenterCrop(5, 5, **last),
    "CenterCrop(9, 9)": layers.CenterCrop(9, 9, **last),
    "CenterCrop(7, 9)": layers.CenterCrop(7, 9, **last),
    "Resizing(9, 9)": layers.Resizing(9, 9, crop_to_aspect_ratio=True, **last),
}
for name, layer in CASES.items():
    model = keras.Sequential([keras.Input((7, 6, 3)), layer])
    expected = model.predict(images, verbose=0)
    model.export(sys.argv[1], format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(sys.argv[1])
    found = session.run(None, {session.get_inputs()[0].name: images})[0]
    print(f"{name}: Keras {expected.shape[1:3]}, ONNX {found.shape[1:3]}")
    if name in ("CenterCrop(9, 9)", "CenterCrop(7, 9)"):
        assert found.shape[1] * found.shape[2] < 10 < expected.shape[1] * expected.shape[2]
    else:
        np.testing.assert_allclose(found, expected, atol=1e-5)
PYTHON
KERAS_BACKEND=torch "$folder/environment/bin/python" "$folder/crop.py" "$folder/model.onnx" 2> "$folder/messages" || {
    cat "$folder/messages"
    exit 1
}
echo "As described."
