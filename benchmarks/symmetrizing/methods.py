"""What is made of a trained network."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

import symclone_tf as sc
from benchmarks.peers.lambda_equitune import lambda_equitune


@dataclasses.dataclass(frozen=True)
class Method:
    """What is made of a network, and how it is trained further.

    Attributes:
        title: String.
        make: Callable of the trained network and the group, which returns another.
        augmented: Boolean, whether it is trained on images that elements of the group
            transform at random, rather than on images as they are.
        averaged: Boolean, whether logits are averaged over the group when it is tested
            only.
    """

    title: str
    make: Callable
    augmented: bool = False
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


def all_learn(model, group):
    """Likewise with all convolutions but the first: moved into its frame, all copies of
    an image are the copy that it has."""
    _, *others = sc.networks.convolution_layers(model)
    return sc.symmetrize(model, group, layers=[layer.name for layer in others])[0]


AS_IT_IS, AUGMENTED, LOGITS = "as it is", "on transformed images", "mean of logits"
METHODS = {
    method.title: method
    for method in (
        Method(AS_IT_IS, itself),
        Method(AUGMENTED, itself, augmented=True),
        Method(f"{AUGMENTED}, averaged in tests", itself, True, averaged=True),
        Method(LOGITS, symmetrized()),
        Method("mean of probabilities", symmetrized(average="probabilities")),
        Method("most confident", symmetrized(average="most-confident")),
        Method("λ-equitune", lambda_equitune),
        Method("last layer's copies learn of each other", last_learns),
        Method("all layers' copies learn of each other", all_learn),
        Method("last layer anchored", symmetrized("anchored")),
    )
}
# What is compared on which data, if not all but the anchored ones.
ANCHORED = "last layer anchored"
SOME = {"MNIST, breaking": (AS_IT_IS, LOGITS, ANCHORED)}


def methods_of(data) -> list[str]:
    """The titles of methods that are compared on some data.

    >>> methods_of("MNIST, breaking")[-1]
    'last layer anchored'
    """
    return list(SOME.get(data, [title for title in METHODS if title != ANCHORED]))


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
