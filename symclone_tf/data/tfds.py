"""Labelled images from tensorflow-datasets, downloaded where they are not there."""

import contextlib
import math
import sys
import urllib.error
import urllib.request

import numpy as np
import tensorflow as tf

from symclone_tf.data.sources import SPLITS, Found
from symclone_tf.errors import DataError

DOWNLOADS = "https://storage.googleapis.com"
# By how many of the first images several sizes are told from one.
LOOKED_AT = 64


def read_tfds(name, data_dir, test_share) -> Found:
    """Finds a data set of images and labels, see `open_images`.

    Raises:
        DataError: If there is no such data set, it is not to be had, or has no
            images, labels or split `train`.
    """
    builder = tfds_builder(name, data_dir)
    features = builder.info.features
    names = dict(features) if hasattr(features, "keys") else {}
    class_names = getattr(names.get("label"), "names", None)
    if not class_names or not _is_image(names.get("image")):
        raise DataError(
            f"{name} is no image classification data set of tensorflow-datasets: it "
            "must have features image, of bytes, and label, with names. It has: "
            f"{', '.join(sorted(names)) or 'none that have names'}"
        )
    *sides, channels = names["image"].shape
    parts, counts = _parts(name, builder.info.splits, test_share)

    def stream(split):
        import tensorflow_datasets as tfds

        # Of what else there is nothing is decoded.
        wanted = tfds.decode.PartialDecoding({"image": True, "label": True})
        found = builder.as_dataset(
            split=parts[split],
            decoders=wanted,
            # Images that are made to fit are what is worth keeping.
            read_config=tfds.ReadConfig(try_autocache=False),
        )
        return found.map(lambda example: (example["image"], example["label"]))

    # TFDS says of a data set with images of several sizes that they have any.
    sizes = {tuple(sides)} if None not in sides else _sizes_in(stream("train"))
    return Found(
        list(class_names),
        sizes,
        channels or 3,
        counts,
        {split: (lambda split=split: stream(split)) for split in SPLITS},
    )


def _is_image(feature) -> bool:
    shape = getattr(feature, "shape", None)
    return len(shape or ()) == 3 and feature.np_dtype == np.uint8


def _parts(name, splits, test_share) -> tuple[dict, dict]:
    """What TFDS calls what is trained and tested on, and how much that is."""
    if "train" not in splits:
        raise DataError(f"{name} has no split train. It has: {', '.join(splits)}")
    counts = {s: splits[s].num_examples for s in SPLITS if s in splits}
    if "test" in splits:
        return {split: split for split in SPLITS}, counts
    total = counts["train"]
    test = math.ceil(total * test_share)
    parts = {"train": f"train[:-{test}]", "test": f"train[-{test}:]"}
    return parts, {"train": total - test, "test": test}


def _sizes_in(dataset) -> set:
    shapes = dataset.take(LOOKED_AT).map(lambda image, label: tf.shape(image)[:2])
    return {tuple(map(int, shape)) for shape in np.array(list(shapes))}


def tfds_builder(name, data_dir=None):
    """A data set of TFDS, downloaded and prepared if it is not there.

    Args:
        name: String.
        data_dir: String or path, see `mnist_task`.

    Raises:
        DataError: If there is no such data set, or it is not to be had.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except Exception as error:
        # Whatever a name that is none, a version or a configuration may provoke.
        unknown = isinstance(error, tfds.core.DatasetNotFoundError)
        reason = str(error).strip().partition("\n")[0][:200]
        raise DataError(
            f"{name} is no data set of tensorflow-datasets, and there is no such "
            f"folder or .npz file{'' if unknown else f' ({reason})'}"
        ) from error
    if not builder.data_path.exists():
        _download(builder)
    return builder


def _download(builder):
    title = "MNIST" if builder.name == "mnist" else builder.name
    try:
        # TFDS tries for minutes before it gives up, and leaves folders behind.
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(DOWNLOADS, timeout=10).close()
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare()
    except Exception as error:
        # Whatever networks, proxies and checksums raise, the ways out are few.
        reason = str(error).strip().partition("\n")[0][:200]
        raise DataError(
            f"{title} is not in {builder.data_path.parent.parent}, and cannot be "
            f"downloaded ({reason}). Connect to the internet once, or name a folder "
            "where tensorflow-datasets has prepared it, with `data_dir` or "
            "TFDS_DATA_DIR in the environment"
        ) from error
