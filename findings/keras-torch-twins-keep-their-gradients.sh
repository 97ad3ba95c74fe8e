#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch: of layers of one name in two networks within a model, one trains wrongly, silently.
#
# One would guess that two towers, made by calling one function twice as for images and sketches, train
# alike on every backend: their weights are different objects, and the model lists all of them. On
# PyTorch a model registers its parameters by the paths of Keras' variables, and in both towers the
# path of a layer named "dense" is `dense/kernel`. So `model.parameters()` has one tower's only, and
# `fit`, which has PyTorch zero the gradients of what is registered, never zeroes the other's: they add
# up from step to step. Nothing is said; the loss of that tower falls, overshoots and grows. A
# `state_dict` and an optimizer of PyTorch's own miss the tower as well. With names that differ both
# train, and JAX trains both either way. It bites siamese networks without shared weights, ensembles in
# one model, and copies of a network's end, on PyTorch alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 torch==2.13.0 jax==0.10.2
cat > "$folder/twins.py" <<'PYTHON'
import keras
import numpy as np

backend = keras.config.backend()
x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
zeros = np.zeros((8, 1), "float32")


def tower(layer):
    inputs = keras.Input((3,))
    dense = keras.layers.Dense(1, kernel_initializer="ones", name=layer)
    return keras.Model(inputs, dense(inputs))


def errors(*names):
    """The mean squared outputs of both towers, which learn to return zero."""
    towers = [tower(name) for name in names]
    inputs = keras.Input((3,))
    model = keras.Model(inputs, [each(inputs) for each in towers])
    paths = [weight.path for weight in model.weights]
    assert len({id(weight) for weight in model.weights}) == 4
    model.compile(keras.optimizers.SGD(0.1), ["mse", "mse"])
    model.fit(x, [zeros, zeros], epochs=20, verbose=0)
    found = [float(np.mean(np.square(each.predict(x, verbose=0)))) for each in towers]
    registered = len(list(model.parameters())) if backend == "torch" else None
    print(f"{backend}: {names}: paths {paths}, registered {registered}, errors", *found)
    return registered, found


print("keras", keras.__version__)
count, apart = errors("left", "right")
assert np.isclose(*apart) and count in (4, None)
count, alike = errors("dense", "dense")
if backend == "torch":
    assert count == 2
    assert np.isclose(alike[1], apart[1]) and alike[0] > 5 * alike[1]
else:
    assert np.allclose(alike, apart)
PYTHON
for backend in torch jax; do
    KERAS_BACKEND=$backend "$folder/environment/bin/python" "$folder/twins.py"
done
echo "As described."
