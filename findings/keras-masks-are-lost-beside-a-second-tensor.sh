#!/usr/bin/env bash
# Keras 3.15.1: a layer's `mask` is filled in while it has one tensor, and no more once it is passed a second.
#
# One would guess that a layer with `call(self, x, other=None, mask=None)` gets the mask of x, as that of
# `Masking` or `Embedding(mask_zero=True)`, whatever else it is called with. Keras passes it as `mask`
# only where x is the sole tensor; with a tensor for `other`, it looks for arguments named `x_mask` and
# `other_mask` instead, finds none, and says nothing: the layer computes without a mask, though
# `supports_masking` is set and the mask goes on to the next layer. A number for `other` changes nothing.
# It bites layers with an optional second input, as attention with a mask of pairs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0
cat > "$folder/masks.py" <<'PYTHON'
import keras
import numpy as np

print("keras", keras.__version__)


class Kept(keras.layers.Layer):
    """How many tokens its mask keeps; −1 without a mask."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def call(self, x, other=None, mask=None):
        kept = -1 if mask is None else keras.ops.sum(keras.ops.cast(mask, x.dtype))
        return keras.ops.zeros_like(x) + kept


class Named(Kept):
    def call(self, x, other=None, x_mask=None, mask=None):
        return super().call(x, other, mask if x_mask is None else x_mask)


masked = keras.layers.Masking()(np.array([[[1.0], [2.0], [0.0]]], "float32"))
tensor = keras.ops.ones((1, 3, 1))


def kept(layer, **options):
    outputs = layer(masked, **options)
    found = float(keras.ops.convert_to_numpy(outputs).ravel()[0])
    passed = [type(each).__name__ for each in options.values()]
    print(type(layer).__name__, "called beside", passed, "keeps", found)
    assert getattr(outputs, "_keras_mask", None) is not None  # goes on to the next layer
    return found


assert kept(Kept()) == 2
assert kept(Kept(), other=1.0) == 2
assert kept(Kept(), other=tensor) == -1
assert kept(Named()) == kept(Named(), other=tensor) == 2
PYTHON
KERAS_BACKEND=torch "$folder/environment/bin/python" "$folder/masks.py"
echo "As described."
