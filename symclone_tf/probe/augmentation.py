"""Keras' layers of augmentation, with which an ordinary CNN learns a symmetry.

Every user of Keras has them: a network that assumes a symmetry has to be better than
one which they show transformed images.
"""

import keras

from symclone_tf.experiments.training_recipes import AUGMENTATIONS
from symclone_tf.symmetry import get_group

FLIP, ROTATION = "RandomFlip", "RandomRotation"
OPTIONS = {FLIP: '"horizontal"', ROTATION: "0.5"}
"""Arguments of each layer, as Python: reflections from left to right, and rotations by
any angle, which is what Keras has. What rotates in from outside is Keras' default."""

LAYERS = {FLIP: "flip", ROTATION: "rotation"}
"""What `Experiment` calls them."""
WITH = "with "


def augmentation_of(group: str) -> tuple[str, ...]:
    """Names of Keras' layers that transform images at random by a group, or by more.

    Args:
        group: String, as `"c4"`.

    Returns:
        Tuple of strings, none for translations, to which pooling makes networks
        invariant anyway.

    Example:

    >>> augmentation_of("flip"), augmentation_of("d4"), augmentation_of("t2")
    (('RandomFlip',), ('RandomFlip', 'RandomRotation'), ())
    """
    found = get_group(group)
    reflects, rotates = found.order > found.rotations, found.rotations > 1
    return (FLIP,) * reflects + (ROTATION,) * rotates


def kind_of(layers: tuple[str, ...]) -> str:
    """The kind of a probe's networks with these layers, see `Candidate`.

    Example:

    >>> kind_of(("RandomFlip", "RandomRotation"))
    'with RandomFlip, RandomRotation'
    """
    return WITH + ", ".join(layers)


def layers_of(kind: str) -> tuple[str, ...]:
    """The names of the layers of a kind of networks; none of kinds without.

    Example:

    >>> layers_of("with RandomFlip, RandomRotation"), layers_of("assumed")
    (('RandomFlip', 'RandomRotation'), ())
    """
    return tuple(kind[len(WITH) :].split(", ")) if kind.startswith(WITH) else ()


KINDS = tuple(map(kind_of, [(FLIP,), (ROTATION,), (FLIP, ROTATION)]))


def augmentation_layers(kind: str, seed: int) -> list[keras.layers.Layer]:
    """Makes the layers, which change images in training only.

    Args:
        kind: String, of `KINDS`, or another, which has none.
        seed: Integer.

    Returns:
        List of Keras layers.
    """
    return [AUGMENTATIONS[LAYERS[name]](seed) for name in layers_of(kind)]
