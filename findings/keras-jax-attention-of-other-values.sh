#!/usr/bin/env bash
# Keras 3.15.1 on JAX: `MultiHeadAttention` with a `value_dim` of its own fails, unless it has dropout.
#
# One would guess that `value_dim`, an argument that the layer documents, is taken on every backend. On
# JAX a layer with `value_dim` other than `key_dim` builds, counts its weights and raises a `TypeError`
# at its call: without dropout and without scores to return, Keras hands queries, keys and values to
# `jax.nn.dot_product_attention`, which takes values as wide as keys only. With any `dropout`, in
# inference too, or with `return_attention_scores=True`, Keras computes by itself, and the layer works;
# so it does on PyTorch always. It bites whoever loads on JAX what was trained elsewhere, and whoever
# sets dropout to zero, as for a file that is to be served.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0 jax==0.10.2
cat > "$folder/attend.py" <<'PYTHON'
import keras
import numpy as np

backend = keras.config.backend()
x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")


def tried(call=(), **options):
    layer = keras.layers.MultiHeadAttention(2, 4, **options)
    layer.build(x.shape, x.shape)
    try:
        outputs = layer(x, x, **dict(call))
        found = "works", tuple(keras.tree.flatten(outputs)[0].shape)
    except TypeError as error:
        found = "TypeError", next(line for line in str(error).split("\n") if "reshape" in line)
    print(backend, options, dict(call), *found)
    return found[0]


print("keras", keras.__version__)
scores = {"return_attention_scores": True}
assert tried(value_dim=4) == "works"
assert tried(value_dim=3) == ("TypeError" if backend == "jax" else "works")
assert tried(value_dim=3, dropout=0.1) == "works"
assert tried(scores, value_dim=3) == "works"
PYTHON
for backend in torch jax; do
    KERAS_BACKEND=$backend "$folder/environment/bin/python" "$folder/attend.py"
done
echo "As described."
