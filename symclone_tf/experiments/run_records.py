"""What the records of all runs have: weights, errors, and deviations of clones."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from symclone_tf.networks import convolution_layers, deviations


def parameters(model: keras.Model) -> int:
    """The number of weights that a network computes with, without anchors."""
    anchors = sum(
        np.prod(anchor.shape)
        for layer in convolution_layers(model)
        for anchor in getattr(layer, "anchors", ())
    )
    return model.count_params() - int(anchors)


def errors_record(before: Mapping, after: Mapping) -> dict[str, dict[str, Any]]:
    """The equivariance errors of layers before and after training, by their names."""
    return {
        name: {"before": before[name], "after": error} for name, error in after.items()
    }


def deviations_record(model: keras.Model) -> dict[str, dict[str, Any]]:
    """How far anchored convolutions are from their clones, as JSON has it."""
    return {
        name: {
            "norm": deviation.norm,
            "positions": deviation.positions.tolist(),
            "elements": deviation.elements.tolist(),
        }
        for name, deviation in deviations(model).items()
    }
