#!/usr/bin/env bash
# Keras 3.15.1: saving a model as .h5 makes it forget its optimizer.
#
# One would guess that `model.save` leaves the model as it is. Writing a legacy `.h5` file
# takes the optimizer out of the arguments of `compile` that the model remembers. What is
# written afterwards has none: a `.keras` file of a model compiled with SGD loads
# compiled, with RMSprop, and training continues with that. Its variables are loaded from
# SGD's in the same order, learning rate and all, momenta as mean squares, and no warning says
# so; only where their number differs, as for Adam, one says that they are skipped. It bites
# whoever writes both formats from one model, as in a callback or for a colleague with an
# older Keras. Write the `.keras` file first, or compile again between the two.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 jax==0.10.0
cat > "$folder/look.py" <<'PYTHON'
import pathlib
import sys
import warnings

import keras
import numpy as np

print("keras", keras.__version__, keras.config.backend())
folder = pathlib.Path(sys.argv[1])
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.125, momentum=0.5), keras.losses.MeanSquaredError())
model.fit(np.ones((4, 2)), np.zeros((4, 1)), verbose=0)


def reloaded(name):
    model.save(folder / f"{name}.keras")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = keras.saving.load_model(folder / f"{name}.keras")
    assert found.compiled and not said, said
    optimizer = found.optimizer
    state = np.concatenate([np.ravel(value) for value in optimizer.variables])
    print(f"{name}: {type(optimizer).__name__}", state)
    assert np.array_equal(state, trained)
    return type(optimizer).__name__


trained = np.concatenate([np.ravel(value) for value in model.optimizer.variables])
assert reloaded("before") == "SGD"
model.save(folder / "legacy.h5")
print("the model itself has", type(model.optimizer).__name__)
print("it remembers", sorted(model.get_compile_config()))
assert "optimizer" not in model.get_compile_config()
assert type(keras.saving.load_model(folder / "legacy.h5").optimizer).__name__ == "SGD"
assert reloaded("after") == "RMSprop"
print("As described.")
PYTHON
KERAS_BACKEND=jax "$folder/environment/bin/python" "$folder/look.py" "$folder"
