"""What TensorFlow computes on some processors only."""

import keras
import numpy as np
import pytest
import tensorflow as tf


def _transposed_dilated():
    try:
        keras.layers.Conv2DTranspose(1, 2, dilation_rate=2)(np.ones((1, 3, 3, 1)))
    except tf.errors.InvalidArgumentError:
        return False
    return True


# Keras' own dilated transposed convolutions need oneDNN on CPUs.
TRANSPOSED_DILATED = _transposed_dilated()
NEEDS_TRANSPOSED_DILATED = pytest.mark.skipif(
    not TRANSPOSED_DILATED,
    reason="TensorFlow has no dilated transposed convolution for this CPU",
)
