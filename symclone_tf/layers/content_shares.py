"""The share of content in attention that begins by position."""

import keras
from keras import ops

from symclone_tf.types import Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class ContentShare(keras.constraints.Constraint):
    """Constraint that keeps shares between 0 and 1.

    Not a sigmoid, as of ConViT's gates: a share of 0 is a convolution exactly, and has
    a gradient.
    """

    def __call__(self, w: Tensor) -> Tensor:
        return ops.clip(w, 0.0, 1.0)
