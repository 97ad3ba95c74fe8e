"""The equivariance error of a whole network, and how many classes change."""

import dataclasses

import keras
import numpy as np

from symclone_tf.symmetry import (
    PermutationGroup,
    PointGroup,
    VolumeGroup,
    transformations_of,
)
from symclone_tf.symmetry.equivariance import relative
from symclone_tf.symmetry.transformation_sets import group_of_any
from symclone_tf.types import Array, ArrayLike


@dataclasses.dataclass(frozen=True)
class NetworkEquivariance:
    """How far a whole network is from equivariant.

    Attributes:
        equivariance_error: Float, the largest `‖f(g·x) − g·f(x)‖ / ‖f(x)‖` over a
            group. Outputs without spatial axes are expected to be invariant. It is of
            the outputs as the network gives them: of a classifier with softmax, of
            probabilities, which hardly change where the network is sure, or where it
            gives all classes alike, as before training.
        changed_classes: Float, the share of inputs whose most probable class is another
            one under an element of the group; `None` for outputs of another shape than
            `(batch, classes)`, of at least two classes.

    Example:

    >>> NetworkEquivariance(0.02, 0.125).changed_classes  # one image of eight
    0.125
    """

    equivariance_error: float
    changed_classes: float | None


def network_error(
    model: keras.Model,
    inputs: ArrayLike,
    group: str | PointGroup | VolumeGroup | PermutationGroup,
    max_translation: int = 2,
) -> NetworkEquivariance:
    """The equivariance error of a whole network, and the share of classes that change.

    All elements of a point group are taken but the identity; of permutations, the
    generators and 16 random elements. Under T(2), images are translated by up to
    `max_translation` pixels along each axis, and filled with zeros: what leaves the
    image counts as an error.

    Args:
        model: `keras.Model`, of any kind, with one input and one output.
        inputs: Array of images, `(batch, height, width, channels)`, or of other inputs,
            `(batch, positions, channels)`.
        group: String, `PointGroup`, `VolumeGroup` or `PermutationGroup`, whose action
            on outputs is that on inputs.
        max_translation: Integer, pixels, for T(2).

    Returns:
        `NetworkEquivariance`.

    Raises:
        ValueError: If the network has several inputs or outputs, or the group does not
            act on them. Under T(2), outputs with spatial axes are not accepted, since
            how far these are translated depends on the strides of all layers.

    Example:

    >>> layers = [keras.Input((9, 9, 1)), GroupConv2D(4, 3, "c4")]
    >>> layers += [CentredMaxPooling2D(2), keras.layers.GlobalAveragePooling3D()]
    >>> model = keras.Sequential([*layers, keras.layers.Dense(3, "softmax")])
    >>> found = network_error(model, keras.random.normal((8, 9, 9, 1)), "c4")
    >>> found.equivariance_error < 1e-5, found.changed_classes
    (True, 0.0)
    """
    count = len(getattr(model, "inputs", None) or [inputs])
    if count != 1:
        raise ValueError(
            "The equivariance error is that of a network with one input. "
            f"Received: a network with {count} inputs"
        )
    inputs = keras.ops.convert_to_numpy(inputs)
    outputs = _evaluate(model, inputs)
    group = group_of_any(group)
    if isinstance(group, PointGroup) and group.is_trivial:
        _check_translations(inputs, outputs)
    transformations = transformations_of(group, max_translation)
    largest = 0.0
    changed = np.zeros(len(inputs), bool)
    for transformation in transformations:
        found = _evaluate(model, transformation.inputs(inputs))
        largest = max(largest, relative(*transformation.compared(found, outputs)))
        if _are_classes(outputs):
            changed |= np.argmax(found, axis=-1) != np.argmax(outputs, axis=-1)
    share = float(np.mean(changed)) if _are_classes(outputs) else None
    return NetworkEquivariance(largest, share)


def _evaluate(model: keras.Model, inputs: Array) -> Array:
    outputs = keras.tree.flatten(model(inputs, training=False))
    if len(outputs) != 1:
        raise ValueError(
            "The equivariance error is that of a network with one output. "
            f"Received: a network with {len(outputs)} outputs"
        )
    # Squares of float16 would overflow.
    return keras.ops.convert_to_numpy(outputs[0]).astype("float64")


def _are_classes(outputs: Array) -> bool:
    return outputs.ndim == 2 and outputs.shape[-1] > 1


def _check_translations(inputs: Array, outputs: Array) -> None:
    if inputs.ndim != 4 or outputs.ndim > 2:
        raise ValueError(
            "Under T(2), networks must take images, (batch, height, width, channels), "
            "and have outputs without spatial axes, (batch, units). Received: inputs "
            f"of shape {inputs.shape}, outputs of shape {outputs.shape}"
        )
