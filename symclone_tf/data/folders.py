"""Labelled images in a folder, with one sub-folder for each class."""

import concurrent.futures
import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import tensorflow as tf

from symclone_tf.data.sources import MNIST, SPLITS, Found, Reading, Source, is_path
from symclone_tf.errors import DataError
from symclone_tf.types import Array, Path

FORMATS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg")}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
GRAY = ("1", "L", "LA", "I;16", "I")
READERS = 8
# How many files are checked, or listed, at a time, so that memory stays flat.
AT_A_TIME = 1024


@Source.register("folder")
class FolderSource(Source):
    """A folder with one sub-folder of images for each class."""

    accepted = (
        "a folder with one sub-folder of PNG or JPEG images for each class, or with "
        "train and test, each of which has these"
    )

    @classmethod
    def takes(cls, data: Any) -> bool:
        # MNIST is the default: whether it is found must not depend on the folder that
        # a command is started in.
        return is_path(data) and data != MNIST and pathlib.Path(data).is_dir()

    def read(self, reading: Reading) -> Found:
        return read_folder(self.data, reading.test_share, reading.seed, reading.strict)


def read_folder(folder: Path, test_share: float, seed: int, strict: bool) -> Found:
    """Finds and checks the images of a folder, see `open_images`.

    Raises:
        DataError: If it has no classes, an empty one, folders within these, links
            that point outside of it, or, if strict, files that cannot be read.
    """
    folder = pathlib.Path(folder)
    parts = {split: folder / split for split in SPLITS}
    has_parts = {path.name for path in _entries(folder) if path.is_dir()} == set(parts)
    roots = parts if has_parts else {"train": folder}
    files = {split: _files(root, folder) for split, root in roots.items()}
    names = sorted(files["train"])
    for found in files.values():
        if sorted(found) != names:
            other = sorted(set(found) ^ set(names))[0]
            raise DataError(f"{folder}: {other} is not a class of both train and test")
    kinds, skipped = _checked(files)
    if skipped and strict:
        raise DataError(
            f"{folder}: {len(skipped)} files are not PNG or JPEG images that can be "
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


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder that are not hidden, by name."""
    with os.scandir(folder) as found:
        return sorted(
            (entry for entry in found if not entry.name.startswith(".")),
            key=lambda entry: entry.name,
        )


def _files(root: pathlib.Path, folder: pathlib.Path) -> dict[str, list[str]]:
    """Files by class, all of which lie in the folder."""
    homes = [entry for entry in _entries(root) if entry.is_dir()]
    if not homes:
        raise DataError(
            f"{root} has no sub-folders: there must be one for each class, with the "
            "name of the class, and the images in it"
        )
    return {home.name: _class_files(home, folder) for home in homes}


def _class_files(home: os.DirEntry[str], folder: pathlib.Path) -> list[str]:
    _check_within(home, folder)
    found = _entries(home)
    for entry in found:
        _check_within(entry, folder)
        if entry.is_dir():
            raise DataError(
                f"{entry.path} is a folder within a class: images must lie in "
                f"{home.path} itself. Splits of the data are folders named train and "
                "test"
            )
    return [entry.path for entry in found]


def _check_within(entry: os.DirEntry[str], folder: pathlib.Path) -> None:
    if entry.is_symlink():
        target = pathlib.Path(entry.path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise DataError(f"{entry.path} is a link that points outside of {folder}")


def _checked(
    files: dict[str, dict[str, list[str]]],
) -> tuple[set, list[str]]:
    """The sizes and modes of all images, and the files that cannot be read.

    The latter are removed from `files`.
    """
    kinds = set()
    skipped: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        for found in files.values():
            for name, paths in found.items():
                good: list[str] = []
                for start in range(0, len(paths), AT_A_TIME):
                    some = paths[start : start + AT_A_TIME]
                    for path, kind in zip(some, readers.map(_read, some)):
                        (good if kind else skipped).append(path)
                        kinds.add(kind)
                found[name] = good
    return kinds - {None}, skipped


def _read(path: str) -> tuple[tuple[int, int], str] | None:
    """Size and mode of an image, `None` for a file that cannot be read."""
    if not path.lower().endswith(SUFFIXES):
        return None
    try:
        with PIL.Image.open(path) as image:
            if image.format not in FORMATS or _is_bomb(image):
                return None
            image.load()
            return (image.height, image.width), image.mode
    except Exception:
        # Whatever a decoder raises, the file is not an image that can be read.
        return None


def _is_bomb(image: PIL.Image.Image) -> bool:
    """Whether an image has more pixels than Pillow decodes without a warning.

    By its size, not by that warning: filters of warnings belong to the whole process,
    and other threads read images at the same time.
    """
    most = PIL.Image.MAX_IMAGE_PIXELS
    return most is not None and image.width * image.height > most


def _refuse_empty(
    files: dict[str, dict[str, list[str]]], roots: dict[str, pathlib.Path]
) -> None:
    for split, found in files.items():
        for name, paths in found.items():
            if not paths:
                raise DataError(
                    f"{roots[split] / name} has no images that can be read: they must "
                    "be PNG or JPEG"
                )
            if len(paths) < 2 and len(roots) == 1:
                raise DataError(
                    f"{roots[split] / name} has one image only: each class needs one "
                    "to train on and one to test on"
                )


def _labelled(
    files: dict[str, dict[str, list[str]]], names: list[str]
) -> dict[str, tuple[list[str], Array]]:
    """Paths and labels of each split."""
    return {
        split: (
            [path for name in names for path in found[name]],
            np.repeat(np.arange(len(names)), [len(found[name]) for name in names]),
        )
        for split, found in files.items()
    }


def _split(
    labelled: dict[str, tuple[list[str], Array]], test_share: float, seed: int
) -> dict[str, tuple[list[str], Array]]:
    """Both splits, shuffled; a share of each class is for the test if there is none."""
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


def _stream(
    paths: list[str], labels: Array, channels: int
) -> Callable[[], tf.data.Dataset]:
    def decoded(path, label):
        content = tf.io.read_file(path)
        image = tf.io.decode_image(content, channels, expand_animations=False)
        image.set_shape((None, None, channels))
        return image, label

    # In chunks: `from_tensor_slices` would copy all paths into a graph.
    def chunks():
        for start in range(0, len(paths), AT_A_TIME):
            part = slice(start, start + AT_A_TIME)
            yield paths[part], labels[part]

    def stream():
        found = tf.data.Dataset.from_generator(
            chunks,
            output_signature=(
                tf.TensorSpec((None,), tf.string),
                tf.TensorSpec((None,), tf.int64),
            ),
        )
        return found.unbatch().map(decoded, num_parallel_calls=tf.data.AUTOTUNE)

    return stream
