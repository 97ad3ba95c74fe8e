"""Memory hardly grows with the number of images that are trained on."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

FEW, MANY, SIZE = 10_000, 100_000, 64

# One epoch, in a process of its own, whose peak is that of this epoch alone.
EPOCH = """
import json, resource, sys
from symclone_tf.data import open_images
from symclone_tf.experiments import image_task, image_network
images = open_images(sys.argv[1])
data = image_task(images, "invariance", "c4")
model = image_network("mlp", classes=2, canvas=images.size, seed=0)
model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
model.fit(data, shuffle=False, verbose=0)
peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([images.counts["train"], peak]))
"""


@pytest.fixture
def folders(tmp_path, rng):
    """Few files and many, the few among the many."""
    for name in "ab":
        for folder in ("few", "many"):
            (tmp_path / folder / name).mkdir(parents=True)
    rows = np.arange(SIZE) * np.ones((SIZE, 1))
    for number in range(MANY):
        home, file = "ab"[number % 2], f"{number}.png"
        image = (number % 199 + rows * (number % 7)).astype("uint8")
        whole = tmp_path / "many" / home / file
        PIL.Image.fromarray(image).save(whole, compress_level=1)
        if number < FEW:
            (tmp_path / "few" / home / file).hardlink_to(whole)
    yield tmp_path / "few", tmp_path / "many"
    for folder in ("few", "many"):
        shutil.rmtree(tmp_path / folder)


def epoch(folder):
    done = subprocess.run(
        [sys.executable, "-c", EPOCH, str(folder)],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_an_epoch_of_many_images_takes_little_more_than_one_of_few(folders):
    (few, little), (many, much) = map(epoch, folders)
    assert (few, many) == (0.8 * FEW, 0.8 * MANY)
    # As bytes in memory the others would be 295 MB more.
    assert much - little < 0.5 * (many - few) * SIZE**2
