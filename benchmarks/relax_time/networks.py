"""The networks, how they are relaxed, and the images."""

import dataclasses
import os
import pathlib
from collections.abc import Callable

import keras
import numpy as np
from keras import layers

import symclone_tf as sc
from benchmarks.peers import Untied

# Of 3×3 pixels, and where 2×2 poolings follow.
CONVOLUTIONS = {
    "fashion_mnist": ((24, 32, "pool", 40, 36), (160, 100)),
    "fashion_mnist-shifted": ((24, 32, "pool", 40, 36), (160, 100)),
    "cifar10": ((32, 48, "pool", 64, 80), (76, 100)),
}
# The largest translation of images of `…-shifted`, in pixels.
MAX_TRANSLATION = 6
RATE = 1e-3


@dataclasses.dataclass(frozen=True)
class Variant:
    """How a CNN continues after some epochs.

    Attributes:
        title: String.
        relaxed: Callable of the CNN, that returns the network to train further.
        rate: Float, the learning rate from then on.
    """

    title: str
    relaxed: Callable
    rate: float = RATE


def _relaxed(*arguments, **options):
    return lambda cnn: sc.relax(cnn, *arguments, verbose=0, **options)[0]


def untied(cnn) -> keras.Model:
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

    return sc.networks.rebuilt(cnn, replace)


VARIANTS = (
    Variant("relaxed", _relaxed()),
    Variant("relaxed, a third of the rate", _relaxed(), RATE / 3),
    Variant(
        "relaxed, decoupled L2-SP 10",
        _relaxed("anchored", anchor="decoupled-l2-sp", anchor_strength=10.0),
    ),
    Variant(
        "relaxed, transformed inputs 0.2",
        _relaxed("anchored", anchor="transformed-inputs"),
    ),
    Variant("last relaxed", _relaxed(layers="conv_4")),
    Variant("untied", untied),
)


def images(data, split, size=None):
    """Images from 0 to 1, and labels.

    Args:
        data: String, `"fashion_mnist"` or `"cifar10"`; followed by `"-shifted"`,
            each image is translated, with zeros from outside.
        split: String, `"train"` or `"test"`.
        size: Integer, how many; `None` for all.
    """
    data, _, translated = data.partition("-")
    folder = os.environ.get("SYMCLONE_TF_DATA")
    file = folder and pathlib.Path(folder, f"{data}.npz")
    if file and file.exists():
        with np.load(file, allow_pickle=False) as arrays:
            x, y = (arrays[f"{name}_{split}"][:size] for name in "xy")
    else:
        import tensorflow_datasets as tfds

        found = tfds.as_numpy(tfds.load(data, split=split, batch_size=-1))
        x, y = found["image"][:size], found["label"][:size]
    x = _translated(x, split) if translated else x
    return x.astype("float32") / 255, y.reshape(-1).astype("int32")


def _translated(x, split):
    """Each image translated at random, the same for all networks."""
    rng = np.random.default_rng(len(split))
    most = MAX_TRANSLATION
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, x.shape[1:3], (1, 2))
    down, right = rng.integers(2 * most + 1, size=(2, len(x)))
    return np.moveaxis(windows[np.arange(len(x)), down, right], 1, -1)


def cnn(data, shape, seed) -> keras.Model:
    """The plain network that is relaxed."""
    widths, _ = CONVOLUTIONS[data]
    keras.utils.set_random_seed(seed)
    body = []
    for width in widths:
        if width == "pool":
            body.append(layers.MaxPooling2D(2))
        else:
            number = sum(isinstance(one, layers.Conv2D) for one in body) + 1
            convolution = layers.Conv2D(
                width, 3, activation="relu", name=f"conv_{number}"
            )
            body.append(convolution)
    last = [layers.GlobalAveragePooling2D(), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input(shape), *body, *last], name="cnn")


def mlp(data, shape, seed) -> keras.Model:
    """Dense layers, with about as many weights as a relaxed network."""
    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(units, "relu") for units in CONVOLUTIONS[data][1]]
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), *hidden, layers.Dense(10, "softmax")]
    )
