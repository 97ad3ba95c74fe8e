#!/usr/bin/env bash
# Keras 3.15.1: behind a Resizing layer, calling a network trains its BatchNormalization.
#
# One would guess that `model(x)` is inference, as the guides have it. But image
# preprocessing layers (Resizing, CenterCrop, Random…) have `training=True` as the default
# of their call, and a layer's default is stashed in the call context, from where all
# layers behind it in the same call take it. So BatchNormalization normalises by the batch
# and updates its moving averages; `predict` and `model(x, training=False)` do not.
# It bites whoever resizes within a network, in front or as the decoder of a segmentation
# network does, and compares `model(x)` of two copies, exports them, or serves one:
# outputs depend on the other images of the batch, and the weights move. Pass
# `training=False` always. Known as keras #23166, and in KerasHub as #2495.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 jax==0.10.0
cat > "$folder/look.py" <<'PYTHON'
import keras
import numpy as np

print("keras", keras.__version__, "numpy", np.__version__, keras.config.backend())
layers = keras.layers
x = np.random.default_rng(0).normal(3, 1, (4, 8, 8, 3)).astype("float32")
trains = {}
for first in (
    layers.Resizing(8, 8),
    layers.CenterCrop(8, 8),
    layers.RandomFlip(seed=0),
    layers.Rescaling(1.0),
    layers.UpSampling2D(1),
):
    norm = layers.BatchNormalization()
    model = keras.Sequential([keras.Input((8, 8, 3)), first, norm])
    predicted = model.predict(x, verbose=0)
    explicit = np.array(model(x, training=False))
    still = float(np.abs(norm.moving_mean).max())
    called = np.array(model(x))
    name, moved = type(first).__name__, float(np.abs(norm.moving_mean).max())
    difference = float(np.abs(called - predicted).max())
    print(f"{name}: model(x) differs from predict by {difference:.2f}, ", end="")
    print(f"moving averages move by {moved:.3f}")
    assert still == 0 and np.allclose(explicit, predicted, atol=1e-5)
    trains[name] = moved > 0 and difference > 1
assert trains == {
    "Resizing": True,
    "CenterCrop": True,
    "RandomFlip": True,
    "Rescaling": False,
    "UpSampling2D": False,
}, trains
print("As described.")
PYTHON
KERAS_BACKEND=jax "$folder/environment/bin/python" "$folder/look.py"
