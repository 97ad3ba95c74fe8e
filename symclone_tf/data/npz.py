"""Labelled images in an .npz file, of which nothing is unpickled."""

import pathlib
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from symclone_tf.data.arrays import read_arrays
from symclone_tf.data.sources import Found, Reading, Source, is_path
from symclone_tf.errors import DataError
from symclone_tf.types import Array, Path


@Source.register("npz")
class NpzSource(Source):
    """An .npz file of arrays, as the data sets of Keras have them."""

    accepted = (
        "an .npz file with x_train and y_train, and perhaps x_test, y_test, "
        "class_names, groups_train and groups_test"
    )

    @classmethod
    def takes(cls, data: Any) -> bool:
        if not is_path(data):
            return False
        path = pathlib.Path(data)
        return path.suffix == ".npz" and not path.is_dir()

    def read(self, reading: Reading) -> Found:
        return read_npz(self.data, reading.test_share, reading.seed)


def read_npz(file: Path, test_share: float, seed: int) -> Found:
    """Reads and checks the arrays of a file, see `read_arrays`.

    Raises:
        DataError: If the file cannot be read, an array is missing, or does not hold
            images or labels.
    """
    return read_arrays(str(file), read_npz_arrays(file), test_share, seed)


def read_npz_arrays(file: Path, names: Sequence[str] | None = None) -> dict[str, Array]:
    """The arrays of a file, by name; nothing is unpickled.

    Args:
        file: String or path.
        names: Sequence of strings, those that are read if they are there; `None` for
            all.

    Raises:
        DataError: If it cannot be read.
    """
    file = pathlib.Path(file)
    if not file.is_file():
        raise DataError(f"{file} is not a file")
    try:
        # A stream of our own is closed, whatever NumPy makes of it.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            there = found.files if names is None else set(names) & set(found.files)
            return {name: found[name] for name in there}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        reason = str(error).partition("\n")[0]
        if "allow_pickle" in reason:
            reason = "it has arrays of Python objects, which are not unpickled"
        raise DataError(f"{file} cannot be read: {reason}") from error
