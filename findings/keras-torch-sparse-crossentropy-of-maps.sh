#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch: `sparse_categorical_crossentropy` of maps of probabilities has no gradient.
#
# One would guess that the usual network for segmentation, whose last layer is a softmax over the
# classes of each pixel, trains with the usual loss for masks of whole numbers on every backend. On
# PyTorch's CPU `evaluate` gives the loss that the other backends give, and the first step of `fit`
# raises `RuntimeError: grad_input must be contiguous`, whatever the last layer is: Keras moves the
# classes in front of height and width, and the gradient of PyTorch's `nll_loss` takes no tensor
# that is laid out so. One label for each image, as of classifiers, trains; so do maps of logits with
# `from_logits=True`, and one-hot masks with `categorical_crossentropy`. It bites whoever
# takes a network for segmentation to PyTorch: it loads, predicts and is evaluated, and does not train.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0
cat > "$folder/fit.py" <<'PYTHON'
import keras
import numpy as np
import torch

print("keras", keras.__version__, "torch", torch.__version__)
assert not torch.cuda.is_available(), "measured on a CPU"
layers, losses = keras.layers, keras.losses
rng = np.random.default_rng(0)
images = rng.random((4, 8, 8, 3)).astype("float32")
masks = rng.integers(2, size=(4, 8, 8))


def fitted(title, loss, *head, labels=masks):
    model = keras.Sequential([keras.Input((8, 8, 3)), *head])
    model.compile("sgd", loss, jit_compile=False)
    loss = model.evaluate(images, labels, verbose=0)
    assert np.isfinite(loss)
    try:
        model.fit(images, labels, verbose=0)
        found = "trains"
    except RuntimeError as error:
        found = f"RuntimeError: {error}"
    print(f"{title}: loss {loss:.2f}, {found}")
    return found


sparse, wrong = "sparse_categorical_crossentropy", "RuntimeError: grad_input must be contiguous"
conv, dense = layers.Conv2D(2, 1, activation="softmax"), layers.Dense(2, "softmax")
assert fitted("maps of a convolution", sparse, conv) == wrong
assert fitted("maps of a dense layer", sparse, dense) == wrong
logits = losses.SparseCategoricalCrossentropy(from_logits=True)
assert fitted("maps of logits", logits, layers.Conv2D(2, 1)) == "trains"
conv = layers.Conv2D(2, 1, activation="softmax")
one_hot = np.eye(2)[masks]
assert fitted("one-hot masks", "categorical_crossentropy", conv, labels=one_hot) == "trains"
flat = (layers.Flatten(), layers.Dense(2, "softmax"))
assert fitted("a label for each image", sparse, *flat, labels=masks[:, 0, 0]) == "trains"
PYTHON
KERAS_BACKEND=torch "$folder/environment/bin/python" "$folder/fit.py"
echo "As described."
