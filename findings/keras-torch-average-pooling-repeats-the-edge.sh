#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch: `AveragePooling2D(3, 2, "same")` of images of even size counts the last row and column twice.
#
# One would guess that padding is left out of means, as TensorFlow and JAX compute it, and PyTorch at odd
# sizes: there Keras passes PyTorch the padding with `count_include_pad=False`. Where
# the padding is not the same at both ends, which PyTorch's pooling does not take, Keras repeats the edge by
# itself and averages all of it. Of an image of even size, windows of three with strides of two at the lower and
# right edge have the outermost pixels twice; if rows need it, columns are padded so too. Max pooling, for
# which a repeated pixel changes nothing, is right. Nothing is said. It bites networks that one backend trained
# and another runs, at images of 224 pixels and all other even sizes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0 jax==0.10.2
cat > "$folder/pool.py" <<'PYTHON'
import importlib

import keras
import numpy as np

backend = keras.config.backend()
print("keras", keras.__version__, backend, importlib.import_module(backend).__version__)


def by_loops(images):
    """Means of windows of 3, strides of 2, of what lies in the image."""
    size = images.shape[1]
    first = -(max(0, 2 * (-(-size // 2) - 1) + 3 - size) // 2)
    ranges = [(max(0, i), min(size, i + 3)) for i in range(first, size - 1, 2)]
    means = [[images[:, a:b, c:d].mean((1, 2)) for c, d in ranges] for a, b in ranges]
    return np.array(means).transpose(2, 0, 1, 3)


wrong = {}
for size in (5, 6, 7, 8, 224):
    images = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")
    pooling = keras.layers.AveragePooling2D(3, 2, "same", data_format="channels_last")
    found = keras.ops.convert_to_numpy(pooling(images))
    error = np.abs(found - by_loops(images)).max((0, 3))
    wrong[size] = {(int(i), int(j)) for i, j in np.argwhere(error > 1e-4)}
    inside = float(np.max(error[:-1, :-1], initial=0))
    print(f"{size}x{size}: largest error {error.max():.3f}, of inner windows {inside:.1e}")
    assert inside < 1e-5
for size, places in wrong.items():
    if backend == "torch" and size % 2 == 0:
        last = size // 2 - 1
        assert places == {(i, last) for i in range(last + 1)} | {(last, i) for i in range(last)}
    else:
        assert not places
PYTHON
for backend in torch jax; do
    KERAS_BACKEND=$backend "$folder/environment/bin/python" "$folder/pool.py"
done
echo "As described."
