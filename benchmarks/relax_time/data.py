"""The images that networks train on, are stopped by, and are tested on."""

import dataclasses
import os
import pathlib

import numpy as np

DATA = ("fashion_mnist", "fashion_mnist-shifted", "cifar10")
# The largest translation of images of `…-shifted`, in pixels.
MAX_TRANSLATION = 6
# The share of the images to train on that is held out.
HELD_OUT = 0.2


@dataclasses.dataclass(frozen=True)
class Images:
    """Pairs of images and labels.

    Attributes:
        train: Pair of arrays, what networks are trained on.
        held_out: Likewise, of the same split, what decides when training stops.
        test: Likewise, all of the test split.
    """

    train: tuple
    held_out: tuple
    test: tuple

    @classmethod
    def read(cls, data, size) -> "Images":
        """Reads them.

        Args:
            data: String, one of `DATA`.
            size: Integer, how many are trained on and held out together.
        """
        kept = size - round(HELD_OUT * size)
        whole = images(data, "train", size)
        train, held_out = (
            tuple(array[part] for array in whole)
            for part in (slice(kept), slice(kept, None))
        )
        return cls(train, held_out, images(data, "test"))


def images(data, split, size=None) -> tuple:
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
