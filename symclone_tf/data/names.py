"""Names of images, in files and in the names of artifacts."""

import os
import pathlib
import re
from typing import Any

from symclone_tf.data.sources import is_path
from symclone_tf.types import Path

MOST_LETTERS = 60


def named_data(data: Any) -> str:
    """The name of images that a file can hold.

    Args:
        data: String or path, see `open_images`.

    Returns:
        String.

    Raises:
        ValueError: If it is neither, or has no letters that can be printed.

    Example:

    >>> named_data(pathlib.Path("photos", "cells.npz"))
    'photos/cells.npz'
    """
    name = str(data) if is_path(data) else ""
    if not name.strip() or not name.isprintable():
        given = repr(name) if name else f"an object of type {type(data).__name__}"
        raise ValueError(
            "`data` must be a name of tensorflow-datasets, or the path of a folder or "
            f"an .npz file. Received: data={given}"
        )
    return name


def short_name(data: Path) -> str:
    """The name of images in the names of artifacts and tables.

    Args:
        data: String or path, see `open_images`.

    Returns:
        String: the name of TFDS, of the folder, or of the file without its suffix,
        with hyphens in place of characters that artifacts' names do not have.

    Example:

    >>> short_name("../my photos/blood cells.npz")
    'blood-cells'
    """
    # "." and ".." have no name of their own.
    path = pathlib.Path(os.path.abspath(data))
    name = path.stem if path.suffix == ".npz" else path.name
    fitting = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:MOST_LETTERS]
    return fitting or "images"
