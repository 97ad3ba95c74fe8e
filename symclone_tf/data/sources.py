"""What readers of labelled images find, before it is made to fit."""

import dataclasses
from collections.abc import Callable

SPLITS = ("train", "test")


@dataclasses.dataclass
class Found:
    """Labelled images, as they are where they were found.

    Attributes:
        class_names: List of strings, by label.
        sizes: Set of pairs, heights and widths of the images.
        channels: Integer, 1 or 3.
        counts: Dictionary, how many there are of each split.
        streams: Dictionary from splits to functions that give a `tf.data.Dataset`.
        skipped: List of strings, files that could not be read.
    """

    class_names: list[str]
    sizes: set[tuple[int, int]]
    channels: int
    counts: dict[str, int]
    streams: dict[str, Callable]
    skipped: list[str] = dataclasses.field(default_factory=list)
