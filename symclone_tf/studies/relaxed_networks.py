"""Measurements on relaxed networks: where they deviate from their convolutions."""

import keras
import numpy as np

from symclone_tf.layers import ClonedConv2D, ClonedSeparableConv2D
from symclone_tf.networks import convolution_layers
from symclone_tf.students import LocallyConnectedStudent
from symclone_tf.types import Array


def position_deviations(model: keras.Model) -> dict[str, Array]:
    """How far local and regional clones deviate from a convolution, by position.

    Args:
        model: `keras.Model`, as `relax` gives it, trained or not.

    Returns:
        Dictionary from the names of layers to arrays of shape `(height, width)`: for
        each output position p, the norm of D[p] minus its mean over all positions.
        D[p] is the k²×k² matrix that deforms all kernels there; in a convolution it
        is the identity. Only layers under T(2) are included. Of regional clones it is
        the same at all positions of a region, of images of the size that they were
        cloned at.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, name="edges")
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    >>> relaxed, _ = relax(model, verbose=0)
    >>> position_deviations(relaxed)["edges"].shape
    (6, 6)
    """
    found = {}
    for layer in convolution_layers(model):
        student = getattr(layer, "student", None)
        if not isinstance(layer, (ClonedConv2D, ClonedSeparableConv2D)):
            continue
        if not isinstance(student, LocallyConnectedStudent):
            continue
        if student.teacher.representation_out == 1:
            grid = student.teacher.output_shape
            found[layer.name] = _deviations(student).reshape(grid)
    return found


def _deviations(student) -> np.ndarray:
    deformed = student.local_weights.numpy() @ student.encoder.kernel.numpy().T
    # Kernel entries outside of the image have no effect.
    inside = (student.teacher.receptive_fields >= 0)[..., None]
    mean = np.sum(deformed * inside, axis=0) / np.sum(inside, axis=0)
    return np.linalg.norm((deformed - mean) * inside, axis=(1, 2))
