"""What networks say of one image under all rotations."""

import dataclasses
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.checks import positive_integer
from symclone_tf.experiments.image_rotations import rotated
from symclone_tf.types import Array, ArrayLike


@dataclasses.dataclass(frozen=True)
class RotatedOutputs:
    """What networks say of one image under all rotations.

    Attributes:
        angles: Array of shape `(count,)`, degrees, counter-clockwise.
        images: Array of shape `(count, height, width, channels)`.
        outputs: Dictionary from names of networks to arrays of shape `(count, units)`.

    Example:

    >>> layers = [keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    >>> model = keras.Sequential(layers)
    >>> found = rotated_outputs({"before": model}, np.ones((6, 6, 1), "float32"), 8)
    >>> found.angles[:3], found.outputs["before"].shape
    (array([ 0., 45., 90.]), (8, 2))
    """

    angles: Array
    images: Array
    outputs: dict[str, Array]


def rotated_outputs(
    networks: Mapping[str, keras.Model], image: ArrayLike, count: int = 72
) -> RotatedOutputs:
    """Calls networks on one image under all rotations.

    Between pixels the image is interpolated, and what a rotation brings in from outside
    is 0; quarter turns are exact.

    Args:
        networks: Dictionary from names to `keras.Model`s, which all take such images
            and return `(batch, units)`.
        image: Array of shape `(size, size, channels)`.
        count: Integer, the number of angles, from 0° to below 360°.

    Returns:
        `RotatedOutputs`.

    Raises:
        ValueError: If the image is not square, or a network returns maps.

    Example:

    >>> layers = [keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    >>> model = keras.Sequential(layers)
    >>> both = {"before": model, "after": symmetrize(model, "c4")[0]}
    >>> image = np.random.default_rng(0).uniform(size=(6, 6, 1)).astype("float32")
    >>> outputs = rotated_outputs(both, image, count=4).outputs
    >>> [bool(np.ptp(outputs[name], axis=0).max() > 0.01) for name in both]
    [True, False]
    """
    if not isinstance(networks, Mapping) or not networks:
        raise ValueError(
            "`networks` must be a dictionary from names to models, of one or more. "
            f"Received: networks of type {type(networks).__name__}"
        )
    positive_integer("count", count)
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[0] != image.shape[1]:
        raise ValueError(
            "`image` must have the shape (size, size, channels). "
            f"Received: image of shape {image.shape}"
        )
    turns = np.arange(count) / count
    images = np.stack([rotated(tf.constant(image), turn) for turn in turns])
    outputs = {}
    for name, network in networks.items():
        found = keras.ops.convert_to_numpy(network(images, training=False))
        if found.ndim != 2:
            raise ValueError(
                "Networks must return (batch, units). "
                f"Received: {name!r}, which returns {found.shape}"
            )
        outputs[name] = found
    return RotatedOutputs(360 * turns, images, outputs)
