#!/usr/bin/env bash
# Keras 3.15.1: a `.keras` file of a compiled model goes from TensorFlow to JAX, not from PyTorch.
#
# Files are said to be the same on all backends. One would guess that a model that was compiled
# with `keras.optimizers.Adam` can be read wherever it was written. But on PyTorch
# `keras.optimizers.Adam(…)` makes an object of Keras' own version for PyTorch, and the file has the
# module of that, `keras.src.backend.torch.optimizers.torch_adam`, which imports torch: where torch
# is not installed, `load_model` raises a TypeError, while a file that JAX wrote is read. Where
# torch is installed, JAX reads the file, with PyTorch's version of the optimizer, and `fit` raises
# a TypeError about tensors. It bites whoever trains on PyTorch and serves, or goes on, elsewhere:
# with `compile=False` the model is read, without its optimizer's state. Passing Keras' own classes as `custom_objects`, by their
# names, reads all of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for backend in torch jax; do
    python3 -m venv "$folder/on-$backend"
    "$folder/on-$backend/bin/pip" install -q keras==3.15.1 numpy==2.4.6
done
"$folder/on-torch/bin/pip" install -q torch==2.13.0
"$folder/on-jax/bin/pip" install -q jax==0.10.2
cat > "$folder/write.py" <<'PYTHON'
import sys

import keras
import numpy as np

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.003), "mse", jit_compile=False)
model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
model.save(sys.argv[1])
print("written on", keras.config.backend(), "by", type(model.optimizer).__module__)
PYTHON
cat > "$folder/read.py" <<'PYTHON'
import sys

import jax
import keras

print("keras", keras.__version__, "jax", jax.__version__)
same, torch = sys.argv[1:]
assert int(keras.saving.load_model(same).optimizer.iterations) == 1
try:
    keras.saving.load_model(torch)
except TypeError as error:
    print("TypeError:", str(error).partition("Full object config")[0])
    assert "torch_adam cannot be imported" in str(error)
else:
    raise AssertionError("it is read")
adam = {"Adam": keras.optimizers.Adam}
found = keras.saving.load_model(torch, custom_objects=adam)
print("with custom_objects:", found.optimizer.__class__, int(found.optimizer.iterations))
assert int(found.optimizer.iterations) == 1
PYTHON
for backend in torch jax; do
    KERAS_BACKEND=$backend "$folder/on-$backend/bin/python" "$folder/write.py" \
        "$folder/$backend.keras"
done
KERAS_BACKEND=jax "$folder/on-jax/bin/python" "$folder/read.py" \
    "$folder/jax.keras" "$folder/torch.keras"
cat > "$folder/fit.py" <<'PYTHON'
import sys

import keras
import numpy as np

model = keras.saving.load_model(sys.argv[1])
print("with torch beside:", model.optimizer.__class__, "on", keras.config.backend())
assert model.optimizer.__class__.__module__.endswith("torch_adam")
try:
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
except TypeError as error:
    print("TypeError:", error)
else:
    raise AssertionError("it is trained")
PYTHON
"$folder/on-jax/bin/pip" install -q torch==2.13.0
KERAS_BACKEND=jax "$folder/on-jax/bin/python" "$folder/fit.py" "$folder/torch.keras"
echo "As described."
