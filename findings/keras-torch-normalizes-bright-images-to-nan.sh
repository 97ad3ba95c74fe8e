#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch: `GroupNormalization` of numbers around 1,000 that vary by 1 is NaN.
#
# One would guess that normalisation does not depend on where numbers lie, only on how they vary, as float32 allows:
# 1,000 and 1,001 have seven digits there. Keras takes mean and variance by `keras.ops.moments`. On TensorFlow
# and JAX that is the mean of squared distances; on PyTorch it is the mean of squares less the square of the
# mean, of which nothing is left where the mean is a thousand times the deviation: it may be negative, and its
# root NaN. `GroupNormalization` returns NaN then, and `BatchNormalization` numbers that vary many times too
# much around 4,000; `keras.ops.moments` has the same variances. `LayerNormalization`, which
# is PyTorch's own there, is right. It bites counts of a camera with an offset, as 12-bit images of microscopes,
# temperatures in kelvin and other numbers that nobody has centred, and files that TensorFlow trained.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0 jax==0.10.2
cat > "$folder/normalize.py" <<'PYTHON'
import importlib

import keras
import numpy as np

backend = keras.config.backend()
print("keras", keras.__version__, backend, importlib.import_module(backend).__version__)
noise = np.random.default_rng(0).normal(size=(32, 16, 16, 4)).astype("float32")
layers = keras.layers
found = {}
for mean in (0, 100, 1000, 4000):
    images = (noise + mean).astype("float32")
    for kind in (layers.GroupNormalization, layers.BatchNormalization, layers.LayerNormalization):
        layer = kind(groups=2) if kind is layers.GroupNormalization else kind()
        training = {"training": True} if kind is layers.BatchNormalization else {}
        outputs = keras.ops.convert_to_numpy(layer(images, **training))
        found[kind.__name__, mean] = float(np.std(outputs))
        print(f"{kind.__name__} of {mean} ± 1: deviation {np.std(outputs):.4f}")
variance = keras.ops.moments(keras.ops.convert_to_tensor(images), (0, 1, 2))[1]
print("moments of 4000 ± 1: variances", keras.ops.convert_to_numpy(variance))
right = {key for key, value in found.items() if abs(value - 1) < 0.01}
if backend == "torch":
    assert np.isnan(found["GroupNormalization", 1000])
    assert not abs(found["BatchNormalization", 4000] - 1) < 0.1
    assert right >= {key for key in found if key[0][0] == "L" or key[1] <= 100}
else:
    assert right == set(found)
PYTHON
for backend in torch jax; do
    KERAS_BACKEND=$backend "$folder/environment/bin/python" "$folder/normalize.py"
done
echo "As described."
