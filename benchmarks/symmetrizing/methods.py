"""What is made of a trained network."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

import symclone_tf as sc
from benchmarks.any_angle.networks import random_flip, random_rotation
from benchmarks.peers.lambda_equitune import lambda_equitune
from benchmarks.peers.soft_projection import soft_projection

# Of kernels that are softly projected: keeps those that a quarter turn turns by 90°, of
# the ones that it changes by at most twice their size.
SOFTNESS = 0.75


@dataclasses.dataclass(frozen=True)
class Method:
    """What is made of a network, and how it is trained further.

    Attributes:
        title: String.
        make: Callable of the trained network and the group, which returns another.
        augment: Callable of images, the group, and a seed, which returns the images of
            an epoch; `None` for images as they are.
        averaged: Boolean, whether logits are averaged over the group when it is tested
            only.
    """

    title: str
    make: Callable
    augment: Callable | None = None
    averaged: bool = False

    def tested(self, model, group) -> keras.Model:
        """The network that is tested."""
        return sc.symmetrize(model, group)[0] if self.averaged else model


def itself(model, group):
    """A copy of the network."""
    return sc.networks.rebuilt(model, lambda layer: None)


def symmetrized(*arguments, **options):
    """What `symmetrize` makes."""
    return lambda model, group: sc.symmetrize(model, group, *arguments, **options)[0]


def last_learns(model, group):
    """What `symmetrize` makes, with the last convolution as a group convolution."""
    last = sc.networks.convolution_layers(model)[-1]
    return sc.symmetrize(model, group, layers=last.name)[0]


def softly_projected(model, group):
    """Kernels without the frequencies that the group changes most."""
    return soft_projection(model, group, SOFTNESS)


def all_learn(model, group):
    """Likewise with all convolutions but the first: moved into its frame, all copies of
    an image are the copy that it has."""
    _, *others = sc.networks.convolution_layers(model)
    return sc.symmetrize(model, group, layers=[layer.name for layer in others])[0]


def transformed(images, group, seed):
    """Each image transformed by a random element.

    Args:
        images: Array of shape `(count, height, width, channels)`.
        group: String.
        seed: Integer, or list of integers.
    """
    whole = sc.get_group(group)
    elements = np.random.default_rng(seed).integers(whole.order, size=len(images))
    found = np.empty_like(images)
    for element in range(whole.order):
        chosen = elements == element
        found[chosen] = whole.transform(images[chosen], element)
    return found


def flipped_and_rotated(images, group, seed):
    """Images by Keras' layers, whatever the group: by any angle.

    Args:
        images: Array of shape `(count, height, width, channels)`.
        group: String.
        seed: Integer, or list of integers.
    """
    keras.utils.set_random_seed(int(np.random.default_rng(seed).integers(2**31)))
    augmentation = keras.Sequential([random_flip(), random_rotation()])
    parts = np.array_split(images, max(len(images) // 500, 1))
    return np.concatenate([augmentation(part, training=True) for part in parts])


AS_IT_IS, AUGMENTED, LOGITS = "as it is", "on transformed images", "mean of logits"
KERAS, SOFT = "with RandomFlip, RandomRotation", "kernels softly projected"
AVERAGED = f"{KERAS}, averaged in tests"
LAST = "last layer's copies learn of each other"
METHODS = {
    method.title: method
    for method in (
        Method(AS_IT_IS, itself),
        Method(AUGMENTED, itself, transformed),
        Method(f"{AUGMENTED}, averaged in tests", itself, transformed, averaged=True),
        Method(KERAS, itself, flipped_and_rotated),
        Method(AVERAGED, itself, flipped_and_rotated, True),
        Method(LOGITS, symmetrized()),
        Method("mean of probabilities", symmetrized(average="probabilities")),
        Method("most confident", symmetrized(average="most-confident")),
        Method("λ-equitune", lambda_equitune),
        Method("kernels projected", soft_projection),
        Method(SOFT, softly_projected),
        Method(LAST, last_learns),
        Method("all layers' copies learn of each other", all_learn),
        Method("last layer anchored", symmetrized("anchored")),
    )
}
ANCHORED = "last layer anchored"
# What is compared on some data alone, or not on others.
FEW = (AS_IT_IS, KERAS, AVERAGED, LOGITS, LAST)
SOME = {
    "MNIST, breaking": (AS_IT_IS, LOGITS, SOFT, ANCHORED),
    "cells, 900, C8": FEW,
    "cells, 8,000": FEW,
    "cells, 8,000, C8": FEW,
}
OF_CELLS = {KERAS, AVERAGED}


def methods_of(data) -> list[str]:
    """The titles of methods that are compared on some data.

    >>> methods_of("MNIST, breaking")[-1]
    'last layer anchored'
    """
    left = {ANCHORED} | (set() if "cells" in data else OF_CELLS)
    # A reflection keeps a kernel's frequency or changes its sign: nothing is between.
    left |= {SOFT} if data == "CIFAR-10" else set()
    return list(SOME.get(data, [title for title in METHODS if title not in left]))
