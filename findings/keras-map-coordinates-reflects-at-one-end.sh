#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow: `map_coordinates(fill_mode="reflect")` reflects in one way below the image, in another above.
#
# One would guess that an image is continued alike on all sides: "reflect" is documented as (d c b a | a b c d |
# d c b a), the edge twice, and "mirror" as (c d c b | a b c d | c b a b), the edge once. On TensorFlow "reflect"
# is the first beyond the last pixel, and the second before the first, so that what lies above and left of the
# image is shifted by one pixel from what JAX, PyTorch and SciPy have there; and "mirror" fails on a CPU once a
# coordinate is beyond the last pixel, for an index that is out of range. So an image and its coordinates that are
# both turned by half a turn give other values than before, as a symmetric continuation would not. It bites
# warped and elastically deformed images, at two of four edges.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0 jax==0.10.2 scipy==1.17.1
cat > "$folder/reflect.py" <<'PYTHON'
import importlib

import keras
import numpy as np
import scipy.ndimage

backend = keras.config.backend()
print("keras", keras.__version__, backend, importlib.import_module(backend).__version__)
row = np.arange(6.0, dtype="float32")
places = np.arange(-6.0, 12.0, dtype="float32")[None]


def mapped(values, at, mode):
    found = keras.ops.image.map_coordinates(values, at, order=1, fill_mode=mode)
    return keras.ops.convert_to_numpy(found)


def by_scipy(mode):
    return scipy.ndimage.map_coordinates(row, places, order=1, mode=mode)


found, turned = mapped(row, places, "reflect"), mapped(row[::-1].copy(), 5 - places, "reflect")
for name, values in (("Keras", found), ("Keras, all turned", turned), ("SciPy", by_scipy("reflect"))):
    print(f"reflect, {name:17}", *values.astype(int))
before, after = places[0] < 0, places[0] >= 0
right = found == by_scipy("reflect")
assert right[after].all()
try:
    print("mirror, Keras", *mapped(row, places, "mirror").astype(int))
    fails = False
    assert (mapped(row, places, "mirror") == by_scipy("mirror")).all()
except Exception as error:
    print("mirror:", type(error).__name__)
    fails = True
if backend == "tensorflow":
    near = (places[0] >= -5) & before
    assert (found[near] == by_scipy("mirror")[near]).all() and not right[near].any()
    assert (turned != found).any() and fails
else:
    assert right.all() and (turned == found).all() and not fails
PYTHON
for backend in tensorflow jax; do
    KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/reflect.py"
done
echo "As described."
