"""Labelled images in a folder, with one sub-folder for each class."""

import concurrent.futures
import os
import pathlib
import warnings

import numpy as np
import PIL.Image
import tensorflow as tf

from symclone_tf.data.sources import SPLITS, Found
from symclone_tf.errors import DataError

FORMATS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg")}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
GRAY = ("1", "L", "LA", "I;16", "I")
READERS = 8
# Files that are checked, or named, at a time: what waits takes memory.
AT_A_TIME = 1024


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
    kinds, skipped = _checked(folder, files)
    if skipped and strict:
        raise DataError(
            f"{folder}: {len(skipped)} files are no PNG or JPEG images that can be "
            f"read, the first of them {skipped[0]}"
        )
    _refuse_empty(files, roots)
    labelled = _split(_labelled(files, names), test_share, seed)
    channels = 3 if any(mode not in GRAY for _, mode in kinds) else 1
    return Found(
        names,
        {size for size, _ in kinds},
        channels,
        {split: len(paths) for split, (paths, _) in labelled.items()},
        {split: _stream(*labelled[split], channels) for split in SPLITS},
        skipped,
    )


def _entries(folder) -> list:
    """What is in a folder, but for what is hidden."""
    with os.scandir(folder) as found:
        return sorted(
            (entry for entry in found if not entry.name.startswith(".")),
            key=lambda entry: entry.name,
        )


def _files(root, folder) -> dict[str, list[str]]:
    """Files by class, all of them within the folder."""
    homes = [entry for entry in _entries(root) if entry.is_dir()]
    if not homes:
        raise DataError(
            f"{root} has no sub-folders: images lie in one for each class, named after "
            "it"
        )
    return {home.name: _class_files(home, folder) for home in homes}


def _class_files(home, folder) -> list[str]:
    _check_within(home, folder)
    found = _entries(home)
    for entry in found:
        _check_within(entry, folder)
        if entry.is_dir():
            raise DataError(
                f"{entry.path} is a folder within a class: images lie in {home.path} "
                "itself; parts of the data are folders named train and test"
            )
    return [entry.path for entry in found]


def _check_within(entry, folder) -> None:
    if entry.is_symlink():
        target = pathlib.Path(entry.path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise DataError(f"{entry.path} is a link that leaves {folder}")


def _checked(folder, files) -> tuple[set, list[str]]:
    """The sizes and modes of all images, and the files that are none.

    These are taken out of `files`.
    """
    kinds, skipped = set(), []
    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        for found in files.values():
            for name, paths in found.items():
                good = []
                for start in range(0, len(paths), AT_A_TIME):
                    some = paths[start : start + AT_A_TIME]
                    for path, kind in zip(some, readers.map(_read, some)):
                        (good if kind else skipped).append(path)
                        kinds.add(kind)
                found[name] = good
    return kinds - {None}, skipped


def _read(path):
    """Size and mode of an image, `None` of what cannot be read."""
    if not path.lower().endswith(SUFFIXES):
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


def _refuse_empty(files, roots) -> None:
    for split, found in files.items():
        for name, paths in found.items():
            if not paths:
                raise DataError(
                    f"{roots[split] / name} has no images that can be read: they must "
                    "be PNG or JPEG"
                )
            if len(paths) < 2 and len(roots) == 1:
                raise DataError(
                    f"{roots[split] / name} has one image only: there must be one to "
                    "train on and one to test on"
                )


def _labelled(files, names) -> dict:
    """Paths and labels of each split."""
    return {
        split: (
            [path for name in names for path in found[name]],
            np.repeat(np.arange(len(names)), [len(found[name]) for name in names]),
        )
        for split, found in files.items()
    }


def _split(labelled, test_share, seed) -> dict:
    """Both splits in an order of their own, a share of each class for the test."""
    rng = np.random.default_rng(seed)
    if "test" in labelled:
        orders = {s: np.arange(len(labels)) for s, (_, labels) in labelled.items()}
    else:
        labelled["test"] = paths, labels = labelled["train"]
        chosen = np.zeros(len(labels), bool)
        for label in np.unique(labels):
            mine = rng.permutation(np.flatnonzero(labels == label))
            count = min(max(1, round(test_share * len(mine))), len(mine) - 1)
            chosen[mine[:count]] = True
        orders = {"train": np.flatnonzero(~chosen), "test": np.flatnonzero(chosen)}
    found = {}
    for split in SPLITS:
        paths, labels = labelled[split]
        order = rng.permutation(orders[split])
        found[split] = [paths[index] for index in order], labels[order]
    return found


def _stream(paths, labels, channels):
    def decoded(path, label):
        content = tf.io.read_file(path)
        image = tf.io.decode_image(content, channels, expand_animations=False)
        image.set_shape((None, None, channels))
        return image, label

    # Some at a time: `from_tensor_slices` would copy all paths into a graph.
    def some():
        for start in range(0, len(paths), AT_A_TIME):
            part = slice(start, start + AT_A_TIME)
            yield paths[part], labels[part]

    def stream():
        found = tf.data.Dataset.from_generator(
            some,
            output_signature=(
                tf.TensorSpec((None,), tf.string),
                tf.TensorSpec((None,), tf.int64),
            ),
        )
        return found.unbatch().map(decoded, num_parallel_calls=tf.data.AUTOTUNE)

    return stream
