#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch: `UpSampling2D(interpolation="bicubic")` is another interpolation than on TensorFlow and JAX.
#
# One would guess that "bicubic" is one interpolation, as "bilinear" is, on all backends. It is a family
# with one parameter: TensorFlow and JAX take -0.5 (Keys, 1981, the one that keeps parabolas), PyTorch's own
# resizing -0.75, and with `antialias=True` PyTorch as well -0.5. So `UpSampling2D`, which has no
# antialiasing, and `keras.ops.image.resize` differ by 8% of the deviation of noise, and a parabola that is
# enlarged to twice its size is kept by two backends of three. Nothing is said. It bites networks with bicubic
# upsampling, of super-resolution and segmentation, that one backend trained and another runs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0 jax==0.10.2
cat > "$folder/enlarge.py" <<'PYTHON'
import importlib

import keras
import numpy as np

backend = keras.config.backend()
print("keras", keras.__version__, backend, importlib.import_module(backend).__version__)
last = {"data_format": "channels_last"}
rows = np.arange(12.0)
images = np.tile(rows[None, :, None, None] ** 2, (1, 1, 12, 1)).astype("float32")
# Where the pixels of the enlarged image lie, away from the edges.
expected = ((np.arange(24) + 0.5) / 2 - 0.5)[6:-6] ** 2


def curve(found):
    return keras.ops.convert_to_numpy(found)[0, 6:-6, 12, 0]


layer = keras.layers.UpSampling2D(2, interpolation="bicubic", **last)
resize = keras.ops.image.resize
errors = {
    "UpSampling2D": curve(layer(images)) - expected,
    "resize": curve(resize(images, (24, 24), interpolation="bicubic", **last)) - expected,
    "resize, antialias": curve(
        resize(images, (24, 24), interpolation="bicubic", antialias=True, **last)
    )
    - expected,
    "bilinear": curve(resize(images, (24, 24), interpolation="bilinear", **last)) - expected,
}
for name, error in errors.items():
    print(f"{name}: a parabola's errors from {error.min():.4f} to {error.max():.4f}")
noise = np.random.default_rng(0).normal(size=(1, 32, 32, 1)).astype("float32")
plain, smooth = (
    keras.ops.convert_to_numpy(
        resize(noise, (64, 64), interpolation="bicubic", antialias=antialias, **last)
    )
    for antialias in (False, True)
)
change = float(np.std(plain - smooth) / np.std(noise))
print(f"noise, enlarged with and without antialias: differs by {change:.4f} of its deviation")
keeps = {name: np.abs(error).max() < 1e-3 for name, error in errors.items()}
assert not keeps["bilinear"] and keeps["resize, antialias"]
assert keeps["UpSampling2D"] == keeps["resize"] == (backend != "torch")
assert (change > 0.03) == (backend == "torch")
PYTHON
for backend in torch jax; do
    KERAS_BACKEND=$backend "$folder/environment/bin/python" "$folder/enlarge.py"
done
echo "As described."
