"""Data sources by what they take."""

from typing import Any

from symclone_tf.data.arrays import ArraySource
from symclone_tf.data.folders import FolderSource
from symclone_tf.data.npz import NpzSource
from symclone_tf.data.sources import SOURCES, Source, is_path
from symclone_tf.data.tf_data import DatasetSource
from symclone_tf.data.tfds import TfdsSource
from symclone_tf.errors import DataError

# Registered, since they are imported.
BUILT_IN = (TfdsSource, FolderSource, NpzSource, ArraySource, DatasetSource)


def find_source(data: Any) -> Source:
    """The source of what `open_images` was given.

    Args:
        data: See `open_images`.

    Returns:
        `Source`.

    Raises:
        DataError: If no registered source takes it.
    """
    for cls in reversed(SOURCES.values()):
        if cls.takes(data):
            return cls(data)
    accepted = "; ".join(cls.accepted for cls in SOURCES.values())
    given = str(data) if is_path(data) else f"an object of type {type(data).__name__}"
    raise DataError(f"`data` must be one of: {accepted}. Received: {given}")
