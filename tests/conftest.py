import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest

from symclone_tf.cli.startup import start

start()


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def small_clone():
    """A C4 lifting layer on 8×8 images, cloned to float32's floor."""
    import symclone_tf as sc

    return sc.clone("c4", image_size=8, verbose=0)
