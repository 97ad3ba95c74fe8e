#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: what `build` assigns to a weight may be gone.
#
# One would guess that a layer whose `build` makes a weight and assigns a value has that
# value afterwards, however it is built. It has where the layer is called by itself, or
# stands in a model with an Input. As part of another layer or of a subclassed model, or
# in a Sequential model that `fit`, `evaluate` or `predict` builds, it has its
# initializer's: there Keras builds layers while it traces shapes, in a scope where
# variables do not exist yet, which are made from their initializers when it ends. The
# assignment is to the scope, and goes with it, without a word. It bites who loads weights
# of elsewhere in `build`, or begins as the identity, or keeps a copy of other weights as an
# anchor: training starts from something else. An initializer that returns the value is
# kept.
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
x = np.ones((4, 2), "float32")


class Assigned(keras.layers.Layer):
    """Adds five, which is assigned to a weight that begins at zero."""

    def build(self, input_shape):
        self.number = self.add_weight(shape=(), initializer="zeros")
        self.number.assign(5.0)

    def call(self, inputs):
        return inputs + self.number


class Initialized(Assigned):
    """The same by an initializer."""

    def build(self, input_shape):
        self.number = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(5.0)
        )


class Outer(keras.layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


class Subclassed(keras.Model):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


def trained(model):
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(x, x, verbose=0)
    return model


WAYS = {
    "by itself": lambda layer: layer,
    "Sequential with an Input": lambda layer: keras.Sequential(
        [keras.Input((2,)), layer]
    ),
    "Sequential, called": lambda layer: keras.Sequential([layer]),
    "Sequential, fit": lambda layer: trained(keras.Sequential([layer])),
    "in another layer, called": Outer,
    "in a subclassed model, called": Subclassed,
    "in a subclassed model, fit": lambda layer: trained(Subclassed(layer)),
}
found = {}
for kind in (Assigned, Initialized):
    for way, within in WAYS.items():
        added = float(np.asarray(within(kind())(x))[0, 0]) - 1
        print(f"{kind.__name__}, {way}: adds {added:g}")
        found.setdefault(kind.__name__, []).append(added)
assert found["Assigned"] == [5, 5, 5, 0, 0, 0, 0], found
assert found["Initialized"] == [5] * len(WAYS), found
print("As described.")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/look.py" 2>/dev/null
