#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21.0: with a seed, `fit` shuffles once, not in each epoch.
#
# One would guess that `fit(shuffle=True)`, the default, draws another order in every epoch,
# also after `keras.utils.set_random_seed`, which is there to make a training repeatable. For
# arrays it does so only without a seed. With one, all epochs have the order of the first: the
# order is drawn within the data pipeline, whose random operation begins with its seed anew
# whenever an epoch starts. Batches are the same in all epochs, so that two samples that meet
# in a batch always do, and those left over by `steps_per_epoch` are never seen. It bites who
# compares seeds, or seeds a study to make it repeatable: it trains otherwise than without a
# seed. A `tf.data.Dataset` with `shuffle(…, seed=0)`, or arrays that are shuffled between
# calls of `fit`, are in another order in each epoch.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0
cat > "$folder/look.py" <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__, "numpy", np.__version__)
SAMPLES, BATCH, EPOCHS = 12, 4, 4


class Recording(keras.Model):
    """Records the samples of each batch, and learns nothing."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def call(self, inputs):
        return inputs

    def train_step(self, data):
        self.batches.append([int(sample) for sample in data[0].numpy().ravel()])
        return {"loss": 0.0}


def orders(seed, as_dataset=False, **options):
    """The samples of every epoch, in their order."""
    if seed is not None:
        keras.utils.set_random_seed(seed)
    samples = np.arange(SAMPLES, dtype="float32")[:, None]
    data = (samples, samples)
    if as_dataset:
        dataset = tf.data.Dataset.from_tensor_slices(data)
        data = (dataset.shuffle(SAMPLES, seed=0).batch(BATCH),)
    else:
        options["batch_size"] = BATCH
    model = Recording()
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(*data, epochs=EPOCHS, verbose=0, **options)
    found = np.reshape(sum(model.batches, []), (EPOCHS, -1))
    assert all(sorted(epoch) == list(range(SAMPLES)) for epoch in found.tolist())
    return {tuple(epoch) for epoch in found.tolist()}


found = {
    "arrays, no seed": orders(None),
    "arrays, set_random_seed(0)": orders(0),
    "arrays, set_random_seed(1)": orders(1),
    "tf.data, set_random_seed(0)": orders(0, as_dataset=True),
}
for what, different in found.items():
    print(f"{what}: {len(different)} orders in {EPOCHS} epochs, as {min(different)}")
counts = [len(different) for different in found.values()]
assert counts == [EPOCHS, 1, 1, EPOCHS], counts
first, second = (found[f"arrays, set_random_seed({seed})"] for seed in (0, 1))
assert first != second
assert first != {tuple(range(SAMPLES))}
print("As described.")
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/environment/bin/python" "$folder/look.py" 2>/dev/null
