#!/usr/bin/env bash
# Keras 3.15.1: in bfloat16 the mean of a large window is three times too large on TensorFlow, and a fifth on JAX.
#
# One would guess that `AveragePooling2D` over a whole map is `GlobalAveragePooling2D`, up to rounding, and that
# no mean is larger than the largest number it is of. On a CPU TensorFlow 2.21 adds a window up, and counts it,
# in the precision of the images: in bfloat16 the count stops at 256 and the sum further on, so the mean
# of 64x64 numbers from 0 to 10 is 16, and that of 32x32 nearly as much. In float16 it begins beyond 2,048
# numbers. JAX 0.10.2 stops the sum alone, and divides by the true count: 1 for 5; its float16 is right.
# PyTorch is right in both. Nothing is said, and `mixed_bfloat16` is enough. It bites pooling by large windows,
# as of image pyramids, and heads that pool by a window as large as the map; `GlobalAveragePooling2D` and
# `keras.ops.mean` add up in float32 on all three.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0 torch==2.13.0 jax==0.10.2
cat > "$folder/pool.py" <<'PYTHON'
import importlib

import keras
import numpy as np

backend = keras.config.backend()
version = importlib.import_module(backend).__version__
print("keras", keras.__version__, backend, version)
images = np.random.default_rng(0).uniform(0, 10, size=(2, 64, 64, 8))


def mean(kind, size, dtype):
    """The mean of a window, of the first image's first channel."""
    window = keras.ops.cast(images[:, :size, :size], dtype)
    found = kind(window)
    return float(keras.ops.cast(keras.ops.reshape(found, (-1,))[0], "float32"))


last = {"data_format": "channels_last"}
errors = {}
for dtype, sizes in {"bfloat16": (8, 16, 32, 64), "float16": (32, 64)}.items():
    for size in sizes:
        pooling = keras.layers.AveragePooling2D(size, dtype=dtype, **last)
        every = keras.layers.GlobalAveragePooling2D(dtype=dtype, **last)
        pooled, whole = (mean(kind, size, dtype) for kind in (pooling, every))
        true = images[0, :size, :size, 0].mean()
        print(f"{dtype} {size}x{size}: {pooled:.3f}, global {whole:.3f}, true {true:.3f}")
        assert abs(whole - true) < 0.02 * true
        errors[dtype, size] = pooled / true
mixed = keras.layers.AveragePooling2D(64, dtype="mixed_bfloat16", **last)
(of_policy,) = {float(v) for v in np.ravel(keras.ops.cast(mixed(images[:1, ..., :1]), "float32"))}
print("mixed_bfloat16 64x64:", of_policy)
assert abs(of_policy / images[0, ..., 0].mean() - errors["bfloat16", 64]) < 0.05
if backend == "tensorflow":
    assert errors["bfloat16", 32] > 2.5 and errors["bfloat16", 64] > 3
    assert abs(errors["float16", 32] - 1) < 0.05 and errors["float16", 64] > 1.5
elif backend == "jax":
    assert errors["bfloat16", 32] < 0.85 and errors["bfloat16", 64] < 0.25
    assert all(abs(errors["float16", size] - 1) < 0.01 for size in (32, 64))
else:
    assert all(abs(error - 1) < 0.01 for error in errors.values())
PYTHON
for backend in tensorflow jax torch; do
    KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/pool.py"
done
echo "As described."
