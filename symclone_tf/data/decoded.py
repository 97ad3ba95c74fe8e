"""What a reader of image files returns, and what it refuses."""

import contextlib
import dataclasses
import importlib
import threading
from typing import Any

from symclone_tf.errors import DataError
from symclone_tf.types import Array

# Of one image. A limit of our own: that of Pillow is a warning at first, and belongs
# to the whole process.
MOST_FILE_PIXELS = 10**8
# Images of more pixels are decoded one after another: each takes up to a gigabyte.
LARGE = 2**24
_LARGE = threading.Lock()

SEVERAL_SLICES = (
    "of several slices: write those that are to be images as files of their own"
)
OPAQUE = "read without their transparency"
FROM_CMYK = "converted from CMYK to red, green and blue"


@dataclasses.dataclass(frozen=True)
class Decoded:
    """An image as its file has it, the row on top first.

    Attributes:
        pixels: Array of shape `(height, width, channels)`, of 1 or 3 channels, of the
            file's own numbers.
        notes: Tuple of strings, what was done to it, as `"turned upright"`.
    """

    pixels: Array
    notes: tuple[str, ...] = ()


class Unreadable(Exception):
    """A file is left out; its text is the reason."""


def check_size(height: int, width: int) -> contextlib.AbstractContextManager[Any]:
    """Refuses an image that is too large to decode, before that is tried.

    Args:
        height, width: Integers, as the file's header has them.

    Returns:
        What to decode it within: a lock, if that takes much memory.

    Raises:
        Unreadable: If it is too large, or has no pixels.
    """
    pixels = int(height) * int(width)
    if pixels > MOST_FILE_PIXELS:
        raise Unreadable(f"of more than {MOST_FILE_PIXELS:,} pixels")
    if height < 1 or width < 1:
        raise Unreadable("without any pixels")
    return _LARGE if pixels > LARGE else contextlib.nullcontext()


def library(name: str, extra: str, path: str) -> Any:
    """An optional library that reads a kind of files.

    Raises:
        DataError: If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise needed(name.partition(".")[0], extra, path) from error


def needed(name: str, extra: str, path: str) -> DataError:
    """The error that a library is not installed which a file needs."""
    return DataError(
        f"{path} is read by {name}, which is not installed: "
        f"pip install 'symclone-tf[{extra}]'"
    )
