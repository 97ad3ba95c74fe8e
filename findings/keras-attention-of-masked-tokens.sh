#!/usr/bin/env bash
# Keras 3.15.1: `MultiHeadAttention` ignores a `query_mask` that is passed, and dropout decides what masked tokens get.
#
# One would guess that `query_mask`, an argument that the layer documents, does what the same mask does
# that Keras attaches to a tensor, and that what a token gets which may attend to nothing does not depend
# on a dropout that only acts in training. The call overwrites the argument with the tensor's own mask, so
# that without one all queries attend; `value_mask` and `attention_mask` are taken. And a token whose
# row of `attention_mask` is all false gets the mean of all values, masked ones too, from a layer
# without dropout, and zero from one with dropout, in inference as well, or if scores are returned: one
# path of the code is a fused operation, the other Keras' own softmax. It bites poolings over all tokens,
# comparisons of a file with the same network without dropout, and whoever ports weights and checks outputs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0
cat > "$folder/attend.py" <<'PYTHON'
import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(1, 4, 6)).astype("float32")
kept = np.array([[True, True, True, False]])
print("keras", keras.__version__)


def layer(**options):
    made = keras.layers.MultiHeadAttention(2, 3, use_bias=False, **options)
    made.build(x.shape, x.shape)
    return made


def outputs(attention, **options):
    return keras.ops.convert_to_numpy(attention(x, x, training=False, **options))


plain, dropping = layer(), layer(dropout=0.1)
dropping.set_weights([*plain.get_weights(), *dropping.get_weights()[4:]])
free = outputs(plain)
print("query_mask changes outputs by", np.abs(outputs(plain, query_mask=kept) - free).max())
assert np.array_equal(outputs(plain, query_mask=kept), free)
changed = np.abs(outputs(plain, value_mask=kept) - free).max()
print("value_mask changes outputs by", changed)
assert changed > 0.01

assert np.allclose(outputs(dropping), free, atol=1e-6)  # the same weights
pairs = np.ones((1, 4, 4), bool)
pairs[0, 3] = False  # the last token may attend to nothing
values = np.einsum("btc,chd->bthd", x, keras.ops.convert_to_numpy(plain.value_dense.kernel))
mean = np.einsum("hd,hdo->o", values[0].mean(axis=0), keras.ops.convert_to_numpy(plain.output_dense.kernel))
first, second = (outputs(each, attention_mask=pairs)[0] for each in (plain, dropping))
print("without dropout", first[3], "mean of all values", mean)
print("with dropout", second[3])
assert np.allclose(first[:3], second[:3], atol=1e-6)
assert np.allclose(first[3], mean, atol=1e-6) and np.abs(mean).max() > 0.01
assert np.array_equal(second[3], np.zeros(6))
PYTHON
KERAS_BACKEND=torch "$folder/environment/bin/python" "$folder/attend.py"
echo "As described."
