#!/usr/bin/env bash
# Keras 3.15.1: `EinsumDense` with a leading ellipsis says its axes in reverse order.
#
# `EinsumDense("...c,cd->...d", 7)` is Dense over the last axis, as the documentation has it.
# One would guess that axes under the ellipsis stay where they are, and in what it computes
# they do. But the shape that it says before, `layer(keras.Input(…)).shape`, has them
# reversed: height and width of images are exchanged, and depth, height and width of volumes
# turned round. Networks on squares and sequences never show it. On rectangles, a layer that
# counts positions when it is built, as Dense after a convolution and Flatten, gets weights
# for others, and the network fails when it is called. An ellipsis at the end, and equations
# that name all axes, are right. It bites who mixes channels, pools heads or elements of a
# group on maps that are not square.
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
layers = keras.layers


def shapes(equation, inputs, output_shape):
    """The shape that a layer says that it has, and that of what it computes."""
    layer = layers.EinsumDense(equation, output_shape)
    said = tuple(layer(keras.Input(inputs)).shape[1:])
    return said, tuple(layer(np.ones((2, *inputs), "float32")).shape[1:])


for equation, inputs, output_shape, is_right in (
    ("...c,cd->...d", (4, 6, 5), 7, False),
    ("...c,cd->...d", (4, 6, 8, 5), 7, False),
    ("...gc,gc->...c", (4, 6, 3, 5), (5,), False),
    ("...c,cd->...d", (4, 5), 7, True),  # one axis has no order
    ("bc...,cd->bd...", (5, 4, 6), 7, True),
    ("bhwc,cd->bhwd", (4, 6, 5), (4, 6, 7), True),
):
    said, computed = shapes(equation, inputs, output_shape)
    print(f"{equation} of {inputs}: says {said}, computes {computed}")
    if is_right:
        assert said == computed
    else:
        *places, last = computed
        assert said == (*reversed(places), last) != computed

network = keras.Sequential(
    [
        keras.Input((4, 6, 5)),
        layers.EinsumDense("...c,cd->...d", 7),
        layers.Conv2D(2, (3, 1)),
        layers.Flatten(),
        layers.Dense(1),
    ]
)
try:
    network(np.ones((2, 4, 6, 5), "float32"))
except Exception as error:
    print("called:", type(error).__name__, str(error).splitlines()[0][:70])
else:
    raise AssertionError("the network can be called")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
    "$folder/environment/bin/python" "$folder/look.py" 2>/dev/null
echo "As described."
