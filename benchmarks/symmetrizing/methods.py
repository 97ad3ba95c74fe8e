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
        untrained: Boolean, whether it is tested before it is trained.
    """

    title: str
    make: Callable
    augmented: bool = False
    averaged: bool = False
    untrained: bool = True


def itself(model, group):
    """A copy of the network."""
    return sc.networks.rebuilt(model, lambda layer: None)


def symmetrized(**options):
    """What `symmetrize` makes."""
    return lambda model, group: sc.symmetrize(model, group, **options)[0]


def convolutions(layer) -> bool:
    """All convolutions but the first: moved into its frame, all copies of an image are
    the copy that it has."""
    return layer.name != "conv_1"


METHODS = {
    method.title: method
    for method in (
        Method("as it is", itself),
        Method("trained on transformed images", itself, augmented=True),
        Method(
            "trained on transformed images, averaged in tests",
            itself,
            augmented=True,
            averaged=True,
        ),
        Method("mean of logits", symmetrized()),
        Method("mean of probabilities", symmetrized(average="probabilities")),
        Method("most confident", symmetrized(average="most-confident")),
        Method("λ-equitune", lambda_equitune),
        Method("last copies learn of each other", symmetrized(layers="conv_4")),
        Method("all copies learn of each other", symmetrized(layers=convolutions)),
        Method(
            "group convolutions from scratch",
            lambda model, group: sc.experiments.image_network(
                "gcnn", group, model.output_shape[-1], model.input_shape[1], seed=1
            ),
            untrained=False,
        ),
    )
}


def transformed(images, group, seed):
    """Each image transformed by a random element.

    Args:
        images: Array of shape `(count, height, width, channels)`.
        group: String.
        seed: Integer.
    """
    whole = sc.get_group(group)
    elements = np.random.default_rng(seed).integers(whole.order, size=len(images))
    found = np.empty_like(images)
    for element in range(whole.order):
        chosen = elements == element
        found[chosen] = whole.transform(images[chosen], element)
    return found


def tested(model, method, images, group) -> keras.Model:
    """The network that is tested."""
    return sc.symmetrize(model, group)[0] if method.averaged else model
