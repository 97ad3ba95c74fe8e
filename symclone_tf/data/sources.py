"""Sources of labelled images: what each takes, and what it finds."""

import abc
import dataclasses
import inspect
import os
from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf

from symclone_tf.registered import Named, Subclass
from symclone_tf.types import Path

SPLITS = ("train", "test")
MNIST = "mnist"

SOURCES: dict[str, type["Source"]] = {}
"""Classes by the names that `Source.register` gave them."""


@dataclasses.dataclass
class Found:
    """Labelled images as they are stored, before they are resized.

    Attributes:
        class_names: List of strings, by label.
        sizes: Set of pairs, heights and widths of the images.
        channels: Integer, 1 or 3.
        counts: Dictionary, how many images each split has.
        streams: Dictionary from splits to functions that return a `tf.data.Dataset`
            of one image and its int64 label at a time.
        skipped: List of strings, files that could not be read.
        notes: List of strings, what was changed or left out, with counts.
        dtype: String, of the images: `"uint8"`, or `"float32"` from 0 to 1.

    Example:

    >>> def stream():
    ...     return tf.data.Dataset.from_tensors((np.zeros((16, 16, 1), "uint8"), 0))
    >>> streams = {"train": stream, "test": stream}
    >>> found = Found(["cat"], {(16, 16)}, 1, {"train": 1, "test": 1}, streams)
    >>> len(found.streams["train"]())
    1
    """

    class_names: list[str]
    sizes: set[tuple[int, int]]
    channels: int
    counts: dict[str, int]
    streams: dict[str, Callable[[], tf.data.Dataset]]
    skipped: list[str] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    dtype: str = "uint8"


@dataclasses.dataclass(frozen=True)
class Reading:
    """How a source is read, see `open_images`.

    Attributes:
        test_share: Float, the share of test images where the source has none.
        seed: Integer, of the choice of these.
        strict: Boolean, whether to refuse files that cannot be read.
        data_dir: String or path, where TFDS keeps its data.
        keep_together: String, a pattern of paths, for sources that take one.

    Example:

    >>> Reading(test_share=0.1).seed
    0
    """

    test_share: float = 0.2
    seed: int = 0
    strict: bool = False
    data_dir: Path | None = None
    keep_together: str | None = None


class Source(Named, abc.ABC):
    """Base of data sources: a kind of thing that `open_images` takes.

    A subclass implements `takes` and `read`, and is registered by a name. Of several
    sources that take the same data, the one registered last reads it.

    Args:
        data: What `open_images` was given, which the class takes.

    Attributes:
        accepted: String, what the class takes, as error messages say it.
        has_paths: Boolean, whether images have paths that `keep_together` can match.

    Example:

    >>> @Source.register("blank")
    ... class Blank(Source):
    ...     accepted = "a number of blank images"
    ...
    ...     @classmethod
    ...     def takes(cls, data):
    ...         return isinstance(data, int)
    ...
    ...     def read(self, reading):
    ...         def stream():
    ...             pair = np.zeros((16, 16, 1), "uint8"), 0
    ...             return tf.data.Dataset.from_tensors(pair).repeat(self.data)
    ...
    ...         streams = {"train": stream, "test": stream}
    ...         counts = dict.fromkeys(streams, self.data)
    ...         return Found(["black", "white"], {(16, 16)}, 1, counts, streams)
    >>> open_images(5).counts
    {'train': 5, 'test': 5}
    >>> del SOURCES["blank"]
    """

    known = SOURCES
    accepted: ClassVar[str]
    has_paths: ClassVar[bool] = False

    @classmethod
    def register(cls, name: str) -> Callable[[Subclass], Subclass]:
        """Registers a source by a name.

        Args:
            name: String.

        Returns:
            Decorator of the class.

        Raises:
            TypeError: If the class is not a `Source`, or lacks `accepted`, `takes` or
                `read`: `open_images` asks every registered class.
        """
        named = super().register(name)

        def decorate(subclass: Any) -> Any:
            is_source = isinstance(subclass, type) and issubclass(subclass, Source)
            missing = "a Source" if not is_source else _missing(subclass)
            if missing:
                raise TypeError(
                    "A data source must be a subclass of Source with accepted, takes "
                    f"and read. Received: {subclass!r}, without {missing}"
                )
            return named(subclass)

        return decorate

    def __init__(self, data: Any) -> None:
        self.data = data

    @classmethod
    @abc.abstractmethod
    def takes(cls, data: Any) -> bool:
        """Returns whether `data` is of this kind."""

    @property
    def name(self) -> str:
        """What messages call the data."""
        return str(self.data)

    @abc.abstractmethod
    def read(self, reading: Reading) -> Found:
        """Finds and checks the images.

        Args:
            reading: `Reading`.

        Returns:
            `Found`.

        Raises:
            DataError: If the data cannot be read, or is not labelled images.
        """


def _missing(subclass: type[Source]) -> str:
    """What a source lacks, in words; empty if nothing."""
    missing = (
        sorted(subclass.__abstractmethods__) if inspect.isabstract(subclass) else []
    )
    if not hasattr(subclass, "accepted"):
        missing.append("accepted")
    return " and ".join(missing)


def is_path(data: Any) -> bool:
    """Returns whether `data` is a string or a path, as a file can hold it."""
    return isinstance(data, (str, os.PathLike))


def one_line(error: BaseException) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0][:200]
