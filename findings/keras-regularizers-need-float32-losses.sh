#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: a regularizer makes `fit` fail where a layer is float64.
#
# One would guess that a network under the dtype policy "float64", "float16" or "bfloat16"
# trains with a regularizer as it does without. But `fit` sums the loss, which is always
# computed in `keras.config.floatx()`, and what regularizers add, in the layer's variables'
# dtype, by one operation that takes one dtype: `Cannot convert a list containing a tensor of
# dtype float64 to float32`. Mixed policies, whose variables are float32, train; so do all
# where floatx is the policy's dtype. It bites who sets the policy alone, as for gradients
# that are checked in float64, and who loads a network whose layers have a policy of
# their own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0
cat > "$folder/look.py" <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__)


def trains(policy, regularizer, floatx="float32"):
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
    layer = keras.layers.Dense(2, kernel_regularizer=regularizer)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile("sgd", "mse", jit_compile=False)
    try:
        model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
    except TypeError as error:
        return str(error).partition(" (Tensor is")[0]
    return "trains"


pure = ("float16", "bfloat16", "float64")
for policy in (*pure, "mixed_float16", "mixed_bfloat16"):
    without, regularized = trains(policy, None), trains(policy, "l2")
    print(f"{policy}: {without} without a regularizer; with one: {regularized}")
    assert without == "trains"
    if policy in pure:
        assert "Cannot convert a list containing a tensor of dtype" in regularized
    else:
        assert regularized == "trains"
both = trains("float64", "l2", floatx="float64")
print(f"float64, and floatx is float64: {both}")
assert both == "trains"
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
    "$folder/environment/bin/python" "$folder/look.py" 2>/dev/null
echo "As described."
