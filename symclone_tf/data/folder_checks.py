"""Every file of a folder, read once to find out what it holds."""

import concurrent.futures
import dataclasses

import numpy as np

from symclone_tf.data.decoded import Unreadable
from symclone_tf.data.image_files import NO_IMAGE, read_image
from symclone_tf.data.notes import Notes
from symclone_tf.data.values import Range, Scale, Values

READERS = 8
# How many files are checked at a time, so that memory stays flat.
AT_A_TIME = 1024

GRAY = "gray among images in colour, which all became"


@dataclasses.dataclass(frozen=True)
class _File:
    """What is kept of an image."""

    size: tuple[int, int]
    channels: int
    dtype: np.dtype
    range: Range
    notes: tuple[str, ...]


class FolderCheck:
    """What the files of a folder are, and what was done to read them.

    Args:
        folder: String, what messages call the folder.

    Attributes:
        sizes: Set of pairs, heights and widths.
        size_of: Dictionary, those of each file that is read.
        skipped: List of strings, files that are left out.
        reason: String, why the first of them is.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.sizes: set[tuple[int, int]] = set()
        self.size_of: dict[str, tuple[int, int]] = {}
        self.skipped: list[str] = []
        self.reason = NO_IMAGE
        self._left_out, self._done, self._gray = Notes(), Notes(), Notes()
        self._values = Values(folder)
        self._colour = False

    def readable(self, paths: list[str]) -> list[str]:
        """Reads files, and returns those that are images.

        Raises:
            DataError: If a library that reads them is not installed.
        """
        good: list[str] = []
        with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
            for start in range(0, len(paths), AT_A_TIME):
                some = paths[start : start + AT_A_TIME]
                for path, found in zip(some, readers.map(_read, some)):
                    if isinstance(found, str):
                        self._leave_out(path, found)
                    else:
                        self._take(path, found)
                        good.append(path)
        return good

    def _leave_out(self, path: str, reason: str) -> None:
        if not self.skipped:
            self.reason = reason
        self.skipped.append(path)
        self._left_out.add(f"left out, {reason}", path)

    def _take(self, path: str, found: _File) -> None:
        self.sizes.add(found.size)
        self.size_of[path] = found.size
        self._values.add(path, found.dtype, found.range)
        for note in found.notes:
            self._done.add(note, path)
        if found.channels == 1:
            self._gray.add(GRAY, path)
        else:
            self._colour = True

    @property
    def channels(self) -> int:
        """3 if one image has colour, else 1."""
        return 3 if self._colour else 1

    def scale(self) -> tuple[Scale, list[str]]:
        """How all images are scaled, and all that is said of them.

        Raises:
            DataError: If some pixels are not numbers.
        """
        scale, lines = self._values.scale()
        gray = self._gray.lines() if self._colour else []
        return scale, [*self._left_out.lines(), *self._done.lines(), *gray, *lines]


def _read(path: str) -> _File | str:
    """What a file holds, or why it is left out."""
    try:
        found = read_image(path)
    except Unreadable as reason:
        return str(reason)
    height, width, channels = found.pixels.shape
    if found.pixels.dtype.kind not in "biuf":
        return NO_IMAGE
    size, dtype = (height, width), found.pixels.dtype
    return _File(size, channels, dtype, Range.of(found.pixels), found.notes)
