#!/usr/bin/env bash
# Keras 3.15.1: renaming a class loses weights of layers that stand in a list.
#
# One would guess that a class may be renamed as long as it is registered by the same name
# as before, since `.keras` files refer to `registered_name`. So it is, for the layer
# itself. But the file of weights has its own names: by the attribute where a layer is one
# of another layer's attributes, and by the snake case of the Python class where it stands
# in a list, as all layers of Sequential and functional models do. A renamed class then is
# found, built, and refused: "expected 1 variables, but received 0 variables". It bites
# packages that rename a layer and keep its registered name for files that are there.
# A subclass with the earlier name, into which files are read, finds the weights.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 jax==0.10.0
cat > "$folder/look.py" <<'PYTHON'
import pathlib
import sys

import h5py
import keras
import numpy as np

print("keras", keras.__version__, "numpy", np.__version__, keras.config.backend())
folder = pathlib.Path(sys.argv[1])
ones = np.ones((1, 2), "float32")


def named(class_name):
    """A Dense layer by another class name, always registered as mine>Inner."""
    made = type(class_name, (keras.layers.Dense,), {})
    return keras.saving.register_keras_serializable("mine", "Inner")(made)


@keras.saving.register_keras_serializable("mine")
class Holder(keras.layers.Layer):
    """Holds such a layer as an attribute."""

    def __init__(self, inner=None, **options):
        super().__init__(**options)
        self.inner = inner

    def build(self, shape):
        if not self.inner.built:
            self.inner.build(shape)

    def call(self, inputs):
        return self.inner(inputs)

    def get_config(self):
        inner = keras.saving.serialize_keras_object(self.inner)
        return {**super().get_config(), "inner": inner}

    @classmethod
    def from_config(cls, config):
        inner = keras.saving.deserialize_keras_object(config.pop("inner"))
        return cls(inner, **config)


def load(name):
    try:
        return keras.saving.load_model(folder / f"{name}.keras")
    except ValueError as error:
        return str(error)


before = named("Before")
layers = {"list": before(3), "attribute": Holder(before(3))}
for name, layer in layers.items():
    model = keras.Sequential([keras.Input((2,)), layer])
    model.save(folder / f"{name}.keras")
    np.save(folder / f"{name}.npy", model(ones))
    model.save_weights(folder / f"{name}.weights.h5")
    with h5py.File(folder / f"{name}.weights.h5") as file:
        paths = []
        file.visit(paths.append)
        print(name, "has", [path for path in paths if path.endswith("/0")])

named("After")
in_list, in_attribute = load("list"), load("attribute")
print("renamed, in a list:", str(in_list).splitlines()[2])
same = np.array_equal(in_attribute(ones), np.load(folder / "attribute.npy"))
print("renamed, an attribute: loads, same outputs:", same)
assert "expected 2 variables, but received 0" in in_list, in_list
assert same

named("Before")  # the earlier name again
found = load("list")
assert np.array_equal(found(ones), np.load(folder / "list.npy"))
print("As described.")
PYTHON
KERAS_BACKEND=jax "$folder/environment/bin/python" "$folder/look.py" "$folder"
