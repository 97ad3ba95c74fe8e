#!/usr/bin/env bash
# Keras 3.15.1: an .h5 file of a functional network with `x + y` is written, and not read.
#
# One would guess that a legacy .h5 file holds a functional network or that saving it is
# refused. Operations between layers (`a + b`, `a * 2.0`, `keras.ops.…`) are written
# without a word, and `load_model` then fails with errors that name neither the file's
# form nor the operation: "too many positional arguments", "Only input tensors may be
# passed as positional arguments", "Unknown layer: 'Relu'". The same network as `.keras`
# is read, as are layers in their place (`keras.layers.Add`). It bites whoever keeps
# residual networks in .h5 files, and finds out when the program that trained them is gone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 jax==0.10.0
cat > "$folder/look.py" <<'PYTHON'
import pathlib
import sys

import keras
import numpy as np

print("keras", keras.__version__, "numpy", np.__version__, keras.config.backend())
folder, layers, found = pathlib.Path(sys.argv[1]), keras.layers, {}
between = {
    "a + b": lambda a, b: a + b,
    "a * 2.0": lambda a, b: a * 2.0,
    "ops.relu(a)": lambda a, b: keras.ops.relu(a),
    "layers.Add": lambda a, b: layers.Add()([a, b]),
}
for name, operation in between.items():
    x = keras.Input((4,))
    model = keras.Model(x, operation(layers.Dense(3)(x), layers.Dense(3)(x)))
    expected = np.array(model(np.ones((1, 4))))
    for suffix in ("keras", "h5"):
        file = folder / f"network.{suffix}"
        model.save(file)
        try:
            read = keras.saving.load_model(file)
        except (TypeError, ValueError) as error:
            outcome = f"{type(error).__name__}: {str(error).splitlines()[0]:.60}"
        else:
            outcome = "read"
            assert np.allclose(read(np.ones((1, 4))), expected)
        found[name, suffix] = outcome
        print(f"{name}, .{suffix}: {outcome}")
assert all(found[name, "keras"] == "read" for name in between), found
assert found["layers.Add", "h5"] == "read", found
assert "too many positional" in found["a + b", "h5"], found
assert "Only input tensors" in found["a * 2.0", "h5"], found
assert "Unknown layer" in found["ops.relu(a)", "h5"], found
print("As described.")
PYTHON
KERAS_BACKEND=jax "$folder/environment/bin/python" "$folder/look.py" "$folder" 2>/dev/null
