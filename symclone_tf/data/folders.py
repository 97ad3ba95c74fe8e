"""Labelled images in a folder, with one sub-folder for each class."""

import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.folder_checks import FolderCheck
from symclone_tf.data.image_files import FORMATS, read_image
from symclone_tf.data.sources import MNIST, SPLITS, Found, Reading, Source, is_path
from symclone_tf.data.splitting import (
    check_apart,
    compiled,
    groups_of_paths,
    held_out,
)
from symclone_tf.data.values import Scale
from symclone_tf.errors import DataError
from symclone_tf.types import Array, Path

# What folders for segmentation have.
IMAGES, MASKS = "images", "masks"
# How many files are listed at a time, so that memory stays flat.
AT_A_TIME = 1024


@Source.register("folder")
class FolderSource(Source):
    """A folder with one sub-folder of images for each class."""

    accepted = (
        f"a folder with one sub-folder of {FORMATS} images for each class, or with "
        "train and test, each of which has these"
    )
    has_paths = True

    @classmethod
    def takes(cls, data: Any) -> bool:
        # MNIST is the default: whether it is found must not depend on the folder that
        # a command is started in.
        return is_path(data) and data != MNIST and pathlib.Path(data).is_dir()

    def read(self, reading: Reading) -> Found:
        return read_folder(self.data, reading)


def read_folder(folder: Path, reading: Reading) -> Found:
    """Finds and checks the images of a folder, see `open_images`.

    Raises:
        DataError: If it has no classes, an empty one, folders within these, links
            that point outside of it, or, if strict, files that cannot be read; or if
            a library that reads them is not installed.
    """
    folder = pathlib.Path(folder)
    parts = {split: folder / split for split in SPLITS}
    has_parts = {path.name for path in _entries(folder) if path.is_dir()} == set(parts)
    roots = parts if has_parts else {"train": folder}
    files = {split: _files(root, folder) for split, root in roots.items()}
    names = sorted(files["train"])
    if names == [IMAGES, MASKS]:
        raise DataError(
            f"{folder} has {IMAGES} and {MASKS}, and these are no classes: read it by "
            "open_segmented, or train with --task segmentation"
        )
    for found in files.values():
        if sorted(found) != names:
            other = sorted(set(found) ^ set(names))[0]
            raise DataError(f"{folder}: {other} is not a class of both train and test")
    checked = FolderCheck(str(folder))
    for found in files.values():
        for name in names:
            found[name] = checked.readable(found[name])
    if checked.skipped and reading.strict:
        count = len(checked.skipped)
        raise DataError(
            f"{folder}: {count} {'file is' if count == 1 else 'files are'} "
            f"{checked.reason}, the first of them {checked.skipped[0]}"
        )
    _refuse_empty(files, roots)
    scale, notes = checked.scale()
    labelled = _split(folder, _labelled(files, names), names, reading)
    return Found(
        names,
        checked.sizes,
        checked.channels,
        {split: len(paths) for split, (paths, _) in labelled.items()},
        {split: _stream(*labelled[split], checked.channels, scale) for split in SPLITS},
        checked.skipped,
        notes,
        scale.dtype,
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
    return {home.name: folder_files(home.path, folder) for home in homes}


def folder_files(home: Path, folder: Path, what: str = "a class") -> list[str]:
    """The files of a folder, by name, all of which lie in another one.

    Args:
        home: String or path, the folder.
        folder: String or path, the other one.
        what: String, what messages call the folder.

    Raises:
        DataError: If one is a folder, or a link that points outside.
    """
    _check_within(home, folder)
    found = _entries(home)
    for entry in found:
        _check_within(entry.path, folder)
        if entry.is_dir():
            raise DataError(
                f"{entry.path} is a folder within {what}: images must lie in {home} "
                "itself. Splits of the data are folders named train and test"
            )
    return [entry.path for entry in found]


def _check_within(path: Path, folder: Path) -> None:
    path, home = pathlib.Path(path), pathlib.Path(folder).resolve()
    if path.is_symlink() and not path.resolve().is_relative_to(home):
        raise DataError(f"{path} is a link that points outside of {folder}")


def _refuse_empty(
    files: dict[str, dict[str, list[str]]], roots: dict[str, pathlib.Path]
) -> None:
    for split, found in files.items():
        for name, paths in found.items():
            if not paths:
                raise DataError(
                    f"{roots[split] / name} has no images that can be read: they must "
                    f"be {FORMATS}"
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
    folder: pathlib.Path,
    labelled: dict[str, tuple[list[str], Array]],
    names: list[str],
    reading: Reading,
) -> dict[str, tuple[list[str], Array]]:
    """Both splits, shuffled; a share of each class is for the test if there is none."""
    rng = np.random.default_rng(reading.seed)
    groups = _groups(folder, labelled, reading.keep_together)
    if "test" in labelled:
        orders = {s: np.arange(len(labels)) for s, (_, labels) in labelled.items()}
        if groups:
            check_apart(str(folder), groups["train"], groups["test"])
    else:
        labelled["test"] = paths, labels = labelled["train"]
        chosen = held_out(
            str(folder),
            labels,
            names,
            reading.test_share,
            rng,
            groups.get("train"),
        )
        orders = {"train": np.flatnonzero(~chosen), "test": np.flatnonzero(chosen)}
    found = {}
    for split in SPLITS:
        paths, labels = labelled[split]
        order = rng.permutation(orders[split])
        found[split] = [paths[index] for index in order], labels[order]
    return found


def _groups(
    folder: pathlib.Path,
    labelled: dict[str, tuple[list[str], Array]],
    pattern: str | None,
) -> dict[str, Array]:
    """What is kept together of each split, by paths as they are within the folder."""
    if pattern is None:
        return {}
    return {
        split: groups_of_paths(
            str(folder),
            compiled(pattern),
            [pathlib.Path(path).relative_to(folder).as_posix() for path in paths],
        )
        for split, (paths, _) in labelled.items()
    }


def _stream(
    paths: list[str], labels: Array, channels: int, scale: Scale
) -> Callable[[], tf.data.Dataset]:
    def read(path: bytes) -> Array:
        # As it was checked: other decoders have other pixels, and other orientations.
        pixels = scale(read_image(os.fsdecode(path)).pixels)
        return np.broadcast_to(pixels, (*pixels.shape[:2], channels))

    def decoded(path, label):
        image = tf.numpy_function(read, [path], scale.dtype, stateful=False)
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
