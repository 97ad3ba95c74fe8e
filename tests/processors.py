"""What TensorFlow computes on some processors only."""

import keras
import numpy as np
import pytest

from other_backends import BACKEND


def _computes(layer):
    if BACKEND != "tensorflow":
        return True
    import tensorflow as tf

    try:
        layer(np.ones((1, 3, 3, 3)))
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return False
    return True


# Keras' own dilated transposed convolutions need oneDNN on CPUs.
TRANSPOSED_DILATED = _computes(keras.layers.Conv2DTranspose(1, 2, dilation_rate=2))
NEEDS_TRANSPOSED_DILATED = pytest.mark.skipif(
    not TRANSPOSED_DILATED,
    reason="TensorFlow has no dilated transposed convolution for this CPU",
)


# So do convolutions whose channels are first, outside of compiled functions.
CHANNELS_FIRST = _computes(keras.layers.Conv2D(1, 2, data_format="channels_first"))
NEEDS_CHANNELS_FIRST = pytest.mark.skipif(
    not CHANNELS_FIRST,
    reason="TensorFlow has no convolution with channels first for this CPU",
)
