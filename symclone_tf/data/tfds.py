"""Labelled images from tensorflow-datasets, downloaded where they are not there."""

import contextlib
import functools
import math
import pathlib
import sys
import urllib.error
import urllib.request
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.sources import (
    MNIST,
    SPLITS,
    Found,
    Reading,
    Source,
    is_path,
    one_line,
)
from symclone_tf.errors import DataError
from symclone_tf.types import Path

DOWNLOADS = "https://storage.googleapis.com"
# How many of the first images show whether all have the same size.
LOOKED_AT = 64


@Source.register("tfds")
class TfdsSource(Source):
    """A data set of tensorflow-datasets, by its name."""

    accepted = "a name of tensorflow-datasets, as cifar10"

    @classmethod
    def takes(cls, data: Any) -> bool:
        if not is_path(data):
            return False
        path = pathlib.Path(data)
        return data == MNIST or (not path.exists() and path.suffix != ".npz")

    def read(self, reading: Reading) -> Found:
        return read_tfds(str(self.data), reading.data_dir, reading.test_share)


def read_tfds(name: str, data_dir: Path | None, test_share: float) -> Found:
    """Finds a data set of images and labels, see `open_images`.

    Raises:
        DataError: If there is no such data set, it can neither be found nor
            downloaded, or has no images, labels or split `train`.
    """
    builder = tfds_builder(name, data_dir)
    features = builder.info.features
    names = dict(features) if hasattr(features, "keys") else {}
    class_names = getattr(names.get("label"), "names", None)
    if not class_names or not _is_image(names.get("image")):
        raise DataError(
            f"{name} is not an image classification data set of tensorflow-datasets: "
            "it must have features image, of bytes, and label, with names. It has: "
            f"{', '.join(sorted(names)) or 'none that have names'}"
        )
    *sides, channels = names["image"].shape
    parts, counts = _parts(name, builder.info.splits, test_share)

    def stream(split):
        import tensorflow_datasets as tfds

        # Other features are not decoded.
        wanted = tfds.decode.PartialDecoding({"image": True, "label": True})
        found = builder.as_dataset(
            split=parts[split],
            decoders=wanted,
            # Resized images are cached instead, where they fit.
            read_config=tfds.ReadConfig(try_autocache=False),
        )
        return found.map(lambda example: (example["image"], example["label"]))

    # TFDS declares no size for images of several sizes.
    sizes = {tuple(sides)} if None not in sides else _sizes_in(stream("train"))
    return Found(
        list(class_names),
        sizes,
        channels or 3,
        counts,
        {split: functools.partial(stream, split) for split in SPLITS},
    )


def _is_image(feature: Any) -> bool:
    shape = getattr(feature, "shape", None)
    return len(shape or ()) == 3 and feature.np_dtype == np.uint8


def _parts(
    name: str, splits: Any, test_share: float
) -> tuple[dict[str, str], dict[str, int]]:
    """What TFDS calls the training and test images, and how many there are."""
    if "train" not in splits:
        raise DataError(f"{name} has no split train. It has: {', '.join(splits)}")
    counts = {s: splits[s].num_examples for s in SPLITS if s in splits}
    if "test" in splits:
        return {split: split for split in SPLITS}, counts
    total = counts["train"]
    test = math.ceil(total * test_share)
    parts = {"train": f"train[:-{test}]", "test": f"train[-{test}:]"}
    return parts, {"train": total - test, "test": test}


def _sizes_in(dataset: tf.data.Dataset) -> set[tuple[int, int]]:
    shapes = dataset.take(LOOKED_AT).map(lambda image, label: tf.shape(image)[:2])
    return {(int(h), int(w)) for h, w in np.array(list(shapes))}


def tfds_builder(name: str, data_dir: Path | None = None) -> Any:
    """A data set of TFDS, downloaded and prepared if it is not there.

    Args:
        name: String.
        data_dir: String or path, where TFDS keeps its data.

    Returns:
        `tfds.core.DatasetBuilder`.

    Raises:
        DataError: If there is no such data set, or it can neither be found nor
            downloaded.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        # Whatever a wrong name, version or configuration may raise.
        unknown = isinstance(error, tfds.core.DatasetNotFoundError)
        raise DataError(
            f"{name} is not a data set of tensorflow-datasets, and there is no such "
            f"folder or .npz file{'' if unknown else f' ({one_line(error)})'}"
        ) from error
    if not builder.data_path.exists():
        _download(builder)
    return builder


def _download(builder: Any) -> None:
    title = "MNIST" if builder.name == "mnist" else builder.name
    try:
        # TFDS tries for minutes before it gives up, and leaves folders behind.
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(DOWNLOADS, timeout=10).close()
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare()
    except Exception as error:
        # Whatever networks, proxies and checksums raise, the ways out are few.
        raise DataError(
            f"{title} is not in {builder.data_path.parent.parent}, and cannot be "
            f"downloaded ({one_line(error)}). Connect to the internet once, or give "
            "the folder where tensorflow-datasets has prepared it, as `data_dir` or as "
            "TFDS_DATA_DIR in the environment"
        ) from error
