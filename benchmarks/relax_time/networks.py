"""The networks that are compared, and how a trained CNN becomes each of them."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

import symclone_tf as sc
from benchmarks.peers import Untied

# Filters of 3×3 convolutions, and where 2×2 poolings follow.
WIDTHS = (24, "pool", 24, 48)
# Units of the MLP, which has about as many weights as the CNN relaxed per pixel.
HIDDEN = {
    "fashion_mnist": (100, 80),
    "fashion_mnist-shifted": (100, 80),
    "cifar10": (36, 40),
}
REGIONS = (1, 2, 4, 7)


def cnn(shape, seed) -> keras.Model:
    """The plain network that is relaxed.

    Args:
        shape: Tuple of integers, of an image.
        seed: Integer, of its initial weights.
    """
    keras.utils.set_random_seed(seed)
    body = []
    for number, width in enumerate(WIDTHS, 1):
        if width == "pool":
            body.append(layers.MaxPooling2D(2))
        else:
            name = f"conv_{number}"
            body.append(layers.Conv2D(width, 3, activation="relu", name=name))
    last = [layers.GlobalAveragePooling2D(), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input(shape), *body, *last], name="cnn")


def mlp(data, shape, seed) -> keras.Model:
    """Dense layers, with about as many weights as the CNN relaxed per pixel."""
    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(units, "relu") for units in HIDDEN[data]]
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), *hidden, layers.Dense(10, "softmax")]
    )


def untied(model) -> keras.Model:
    """A CNN whose convolutions have their own kernel at every position."""

    def replace(layer):
        if not isinstance(layer, layers.Conv2D):
            return None
        own = Untied(layer.filters, 3, "t2", activation="relu", name=layer.name)
        own.build(layer.input.shape)
        kernel = layer.kernel.numpy().reshape(-1, layer.filters)
        own.kernels.assign(np.broadcast_to(kernel, own.kernels.shape))
        own.bias.assign(layer.bias)
        return own

    return sc.networks.rebuilt(model, replace)


def _relaxed(**options) -> Callable:
    return lambda model: sc.relax(model, verbose=0, **options)[0]


PER_PIXEL = "relaxed, per pixel"
# How a trained CNN goes on: titles, and functions of the CNN that return the network
# to train further, which computes the same.
GOES_ON = {
    "cnn goes on": lambda model: model,
    **{
        f"relaxed, {number}×{number}": _relaxed(student="regional", regions=number)
        for number in REGIONS
    },
    PER_PIXEL: _relaxed(student="local"),
    "untied": untied,
}
# The CNN that all of these begin with, and the MLP.
STOPPED, MLP = "cnn", "mlp"
TITLES = (STOPPED, *GOES_ON, MLP)
