#!/usr/bin/env bash
# Keras 3.15.1: a layer does not go when its last name goes.
#
# One would guess that `del layer` frees a layer and its weights at once, as CPython frees
# any object without references. A layer holds a wrapper of its own `build` method, which
# holds the layer: a cycle from the constructor on, built or not. So it stays, with all
# of its weights, until the cyclic garbage collector runs, which counts objects and not
# bytes; weak references to it stay alive as long. Whoever makes and drops layers in a loop,
# or keeps a registry of living layers in a WeakSet, has to call gc.collect() before
# relying on what is gone. A plain object without the cycle goes at once.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 jax==0.10.0
cat > "$folder/look.py" <<'PYTHON'
import gc
import weakref

import keras
import numpy as np

print("keras", keras.__version__, "numpy", np.__version__, keras.config.backend())


class Plain:
    pass


def alive_after_del(make):
    """Whether an object is alive after its last name is deleted, then after gc."""
    made = make()
    there = weakref.ref(made)
    del made
    after_del = there() is not None
    gc.collect()
    return after_del, there() is not None


def built():
    layer = keras.layers.Dense(1000)
    layer.build((None, 1000))
    return layer


gc.disable()  # so that it cannot run in between
found = {
    "plain object": alive_after_del(Plain),
    "Dense, not built": alive_after_del(lambda: keras.layers.Dense(1000)),
    "Dense, built": alive_after_del(built),
    "ReLU": alive_after_del(keras.layers.ReLU),
}
for name, (after_del, after_gc) in found.items():
    print(f"{name}: alive after del {after_del}, after gc.collect() {after_gc}")
layer = keras.layers.ReLU()
print("the cycle:", layer.build.__wrapped__.__self__ is layer)
assert found.pop("plain object") == (False, False)
assert set(found.values()) == {(True, False)}, found
assert layer.build.__wrapped__.__self__ is layer
print("As described.")
PYTHON
KERAS_BACKEND=jax "$folder/environment/bin/python" "$folder/look.py"
