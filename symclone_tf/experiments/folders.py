"""Labelled images in a folder, with one sub-folder for each class."""

import concurrent.futures
import pathlib
import warnings

import numpy as np
import PIL.Image
import tensorflow as tf

from symclone_tf.errors import DataError
from symclone_tf.experiments.found import SPLITS, Found

FORMATS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg")}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
GRAY = ("1", "L", "LA", "I;16", "I")
READERS = 8


def read_folder(folder, test_share, seed, strict) -> Found:
    """Finds and checks the images of a folder, see `open_images`.

    Raises:
        DataError: If it has no classes, an empty one, folders within these, links
            that leave it, or, if strict, files that cannot be read.
    """
    folder = pathlib.Path(folder)
    parts = {split: folder / split for split in SPLITS}
    has_parts = {path.name for path in _entries(folder) if path.is_dir()} == set(parts)
    roots = parts if has_parts else {"train": folder}
    files = {split: _files(root, folder) for split, root in roots.items()}
    names = sorted(files["train"])
    for found in files.values():
        if sorted(found) != names:
            odd = sorted(set(found) ^ set(names))[0]
            raise DataError(f"{folder}: {odd} is not a class of both train and test")
    checked = _checked([path for f in files.values() for p in f.values() for path in p])
    skipped = [str(path) for path, found in checked.items() if found is None]
    if skipped and strict:
        raise DataError(
            f"{folder}: {len(skipped)} files are no PNG or JPEG images that can be "
            f"read, the first of them {skipped[0]}"
        )
    labelled = {
        split: [
            (str(path), label)
            for label, name in enumerate(names)
            for path in found[name]
            if checked[path]
        ]
        for split, found in files.items()
    }
    for split, found in labelled.items():
        empty = set(range(len(names))) - {label for _, label in found}
        if empty:
            raise DataError(
                f"{roots[split] / names[min(empty)]} has no images that can be read"
            )
    labelled = _split(labelled, test_share, seed)
    good = [found for found in checked.values() if found]
    colour = any(mode not in GRAY for _, mode in good)
    channels = 3 if colour else 1
    return Found(
        names,
        {size for size, _ in good},
        channels,
        {split: len(found) for split, found in labelled.items()},
        {split: _stream(labelled[split], channels) for split in SPLITS},
        skipped,
    )


def _entries(folder) -> list[pathlib.Path]:
    """What is in a folder, but for what is hidden."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _files(root, folder) -> dict[str, list]:
    """Files by class, all of them within the folder."""
    within = folder.resolve()
    classes = [path for path in _entries(root) if path.is_dir()]
    if not classes:
        raise DataError(
            f"{root} has no sub-folders: images lie in one for each class, named after "
            "it"
        )
    found = {}
    for home in classes:
        found[home.name] = _entries(home)
        for path in (home, *found[home.name]):
            if not path.resolve().is_relative_to(within):
                raise DataError(f"{path} is a link that leaves {folder}")
        for path in found[home.name]:
            if path.is_dir():
                raise DataError(
                    f"{path} is a folder within a class: images lie in {home} itself"
                )
    return found


def _checked(paths) -> dict:
    """Size and mode of each image, `None` of what cannot be read."""
    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        return dict(zip(paths, readers.map(_read, paths)))


def _read(path):
    if path.suffix.lower() not in SUFFIXES:
        return None
    try:
        with warnings.catch_warnings(), PIL.Image.open(path) as image:
            # Of a bomb, which is far more than a network takes, is an error made.
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            if image.format not in FORMATS:
                return None
            image.load()
            return (image.height, image.width), image.mode
    except Exception:
        # Whatever a decoder raises, the file is no image that can be read.
        return None


def _split(labelled, test_share, seed):
    """Both splits in an order of their own, a share of each class for the test."""
    rng = np.random.default_rng(seed)
    if "test" not in labelled:
        labels = np.array([label for _, label in labelled["train"]])
        chosen = np.zeros(len(labels), bool)
        for label in np.unique(labels):
            mine = rng.permutation(np.flatnonzero(labels == label))
            chosen[mine[: max(1, round(test_share * len(mine)))]] = True
        pairs = labelled["train"]
        labelled = {
            "train": [pair for pair, test in zip(pairs, chosen) if not test],
            "test": [pair for pair, test in zip(pairs, chosen) if test],
        }
    return {
        split: [found[index] for index in rng.permutation(len(found))]
        for split, found in labelled.items()
    }


def _stream(labelled, channels):
    def decoded(path, label):
        content = tf.io.read_file(path)
        image = tf.io.decode_image(content, channels, expand_animations=False)
        image.set_shape((None, None, channels))
        return image, label

    def stream():
        paths, labels = zip(*labelled)
        found = tf.data.Dataset.from_tensor_slices(
            (list(paths), np.array(labels, "int64"))
        )
        return found.map(decoded, num_parallel_calls=tf.data.AUTOTUNE)

    return stream
