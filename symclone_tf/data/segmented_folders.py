"""Images and their masks in two folders, of files with the same names."""

import concurrent.futures
import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from symclone_tf.data.decoded import Unreadable
from symclone_tf.data.folder_checks import READERS, FolderCheck
from symclone_tf.data.folders import IMAGES, MASKS, folder_files
from symclone_tf.data.image_files import READERS as IMAGE_READERS
from symclone_tf.data.image_files import read_image
from symclone_tf.data.masks import classes_of, labels_of, read_mask
from symclone_tf.data.notes import Notes
from symclone_tf.data.sources import SPLITS, Found, Reading
from symclone_tf.data.splitting import (
    check_apart,
    compiled,
    groups_of_paths,
    held_out,
)
from symclone_tf.data.values import Scale
from symclone_tf.errors import DataError
from symclone_tf.types import Array, Path

# What masks may have at the end of their names, and images not.
ENDINGS = ("", "_mask", "_masks", "-mask", "_label", "_seg")
_SUFFIXES = sorted(
    {suffix for each in IMAGE_READERS.values() for suffix in each},
    key=len,
    reverse=True,
)


def read_segmented_folder(folder: Path, reading: Reading) -> Found:
    """Finds and checks images and masks, see `open_segmented`.

    Raises:
        DataError: If an image has no mask, or one of another size, or masks have
            numbers that cannot be classes.
    """
    folder = pathlib.Path(folder)
    has_parts = all((folder / split).is_dir() for split in SPLITS)
    roots = {s: folder / s for s in SPLITS} if has_parts else {"train": folder}
    checked = FolderCheck(str(folder))
    pairs = {split: _pairs(root, folder, checked) for split, root in roots.items()}
    if checked.skipped and reading.strict:
        raise DataError(
            f"{folder}: {len(checked.skipped)} of the images are {checked.reason}, the "
            f"first of them {checked.skipped[0]}"
        )
    values = {split: _values(checked, found) for split, found in pairs.items()}
    split_pairs = _split(folder, pairs, reading)
    mine = {
        split: set().union(*(values[origin][index] for origin, index in found))
        for split, found in split_pairs.items()
    }
    classes = classes_of(str(folder), mine["train"], mine["test"])
    scale, notes = checked.scale()
    files = {
        split: [pairs[origin][index] for origin, index in found]
        for split, found in split_pairs.items()
    }
    return Found(
        [str(value) for value in classes],
        checked.sizes,
        checked.channels,
        {split: len(found) for split, found in files.items()},
        {
            split: _stream(found, checked.channels, scale, classes)
            for split, found in files.items()
        },
        checked.skipped,
        notes,
        scale.dtype,
    )


def _stem(path: str) -> str:
    name = os.path.basename(path)
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return os.path.splitext(name)[0]


def _pairs(
    root: pathlib.Path, folder: pathlib.Path, checked: FolderCheck
) -> list[tuple[str, str]]:
    """Paths of images that can be read and of their masks."""
    for name in (IMAGES, MASKS):
        if not (root / name).is_dir():
            raise DataError(
                f"{root} has no folder {name}: for segmentation there are {IMAGES} and "
                f"{MASKS}, with files of the same names"
            )
    images = folder_files(root / IMAGES, folder, IMAGES)
    masks = _by_stem(folder_files(root / MASKS, folder, MASKS))
    found = []
    for image in checked.readable(images):
        stem = _stem(image)
        mine = [masks[stem + end] for end in ENDINGS if stem + end in masks]
        if not mine:
            raise DataError(
                f"{image} has no mask: {root / MASKS} must have a file {stem}, or "
                f"{stem}_mask"
            )
        found.append((image, mine[0]))
    if len(found) < 2:
        raise DataError(f"{root / IMAGES} has fewer than two images that can be read")
    return found


def _by_stem(paths: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        if _stem(path) in found:
            raise DataError(
                f"{path} and {found[_stem(path)]} would be masks of the same image"
            )
        found[_stem(path)] = path
    return found


def _values(checked: FolderCheck, pairs: list[tuple[str, str]]) -> list[set[int]]:
    """The numbers of each mask, which must have the size of its image."""

    def numbers(pair: tuple[str, str]) -> set[int] | str:
        return _numbers(pair[1], checked.size_of[pair[0]])

    with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
        found = list(readers.map(numbers, pairs))
    wrong = [each for each in found if isinstance(each, str)]
    if wrong:
        notes = Notes()
        for (_, mask), each in zip(pairs, found):
            if isinstance(each, str):
                notes.add(each, mask)
        raise DataError(f"{checked.folder}: {notes.lines()[0]}")
    return [each for each in found if not isinstance(each, str)]


def _numbers(path: str, size: tuple[int, int]) -> set[int] | str:
    """The numbers of a mask, or why it cannot be one of an image of this size."""
    try:
        mask = read_mask(path)
    except Unreadable as reason:
        return str(reason)
    if mask.shape != size:
        given = " and ".join("×".join(map(str, each)) for each in (mask.shape, size))
        return f"of another size than their images, {given}"
    return set(np.unique(mask).tolist())


def _split(
    folder: pathlib.Path, pairs: dict[str, list[tuple[str, str]]], reading: Reading
) -> dict[str, list[tuple[str, int]]]:
    """Splits and indices of the pairs of each split, in an order drawn once."""
    rng = np.random.default_rng(reading.seed)
    groups: dict[str, Array] = {}
    if reading.keep_together is not None:
        pattern = compiled(reading.keep_together)
        for split, found in pairs.items():
            paths = [pathlib.Path(image).relative_to(folder) for image, _ in found]
            names = [path.as_posix() for path in paths]
            groups[split] = groups_of_paths(str(folder), pattern, names)
    if "test" in pairs:
        if groups:
            check_apart(str(folder), groups["train"], groups["test"])
        return {
            split: [(split, int(index)) for index in rng.permutation(len(found))]
            for split, found in pairs.items()
        }
    count = len(pairs["train"])
    alike = np.zeros(count, int)
    share, mine = reading.test_share, groups.get("train")
    chosen = held_out(str(folder), alike, ["the images"], share, rng, mine)
    return {
        split: [("train", int(n)) for n in rng.permutation(np.flatnonzero(there))]
        for split, there in (("train", ~chosen), ("test", chosen))
    }


def _stream(
    pairs: list[tuple[str, str]], channels: int, scale: Scale, classes: list[int]
) -> Callable[[], tf.data.Dataset]:
    def read(image: bytes, mask: bytes) -> tuple[Array, Array]:
        pixels = scale(read_image(os.fsdecode(image)).pixels)
        whole = np.broadcast_to(pixels, (*pixels.shape[:2], channels))
        return whole, labels_of(read_mask(os.fsdecode(mask)), classes)

    def decoded(image: Any, mask: Any) -> Any:
        types = [scale.dtype, "int32"]
        pixels, labels = tf.numpy_function(read, [image, mask], types, stateful=False)
        pixels.set_shape((None, None, channels))
        labels.set_shape((None, None))
        return pixels, labels

    def stream() -> tf.data.Dataset:
        columns = tuple(map(list, zip(*pairs)))
        found = tf.data.Dataset.from_tensor_slices(columns)
        return found.map(decoded, num_parallel_calls=tf.data.AUTOTUNE)

    return stream
