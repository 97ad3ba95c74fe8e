#!/usr/bin/env bash
# Keras 3.15.1: `Normalization.adapt` of an array of a thousand photographs learns a mean of 0.33 where it is 0.50.
#
# One would guess that `adapt` gives the same of an array and of its batches: the layer is made for either. Of
# a NumPy array it takes `np.mean` and `np.var` over all axes but the channels, in the array's own float32.
# NumPy adds pairwise, and so exactly enough, only along an axis that is contiguous; over images with colours
# last it adds one pixel after another to three sums. Of pixels from 0 to 1 a sum stops at 2**24, for what is
# added is less than half of the distance to the next number. With 224x224 pixels that happens after 650
# images, of which the variance is 5% too small; of 1,000 the mean is a third and not a half. Nothing is said,
# and the network trains, on images that are not centred. With one channel NumPy folds the axes into one and is
# right. It bites whoever passes colour images as one array of floats; a list of batches is right, as a
# `tf.data.Dataset` of them is. The array here has 602 MB.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0
cat > "$folder/adapt.py" <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

print("keras", keras.__version__, "numpy", np.__version__)
rng = np.random.default_rng(0)
images = np.empty((1000, 224, 224, 3), "float32")
for image in images:
    image[:] = rng.random(image.shape, "float32")
EXPECTED = 1 / 2, 1 / 12


def adapted(what, data):
    layer = keras.layers.Normalization()
    layer.adapt(data)
    found = np.ravel(layer.mean), np.ravel(layer.variance)
    print(f"{what}: mean", *found[0].round(4), "variance", *found[1].round(4))
    return found


def right(found):
    return all(np.allclose(mine, e, rtol=0.01) for mine, e in zip(found, EXPECTED))


batches = [images[start : start + 100] for start in range(0, 1000, 100)]
assert right(adapted("1,000 images in batches", batches))
dataset = tf.data.Dataset.from_generator(
    lambda: iter(batches), output_signature=tf.TensorSpec((None, 224, 224, 3))
)
assert right(adapted("1,000 images in a tf.data.Dataset", dataset))
assert right(adapted("200 images at once", images[:200]))
mean, variance = adapted("650 images at once", images[:650])
assert np.allclose(mean, 0.5, rtol=0.01) and (variance < 0.081).all()
mean, variance = adapted("1,000 images at once", images)
assert (mean < 0.35).all() and (variance > 0.09).all()
assert right(adapted("1,000 images at once, of one channel", images[..., :1].copy()))
PYTHON
KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/adapt.py"
echo "As described."
