"""From the numbers that images are stored as to bytes, or to fractions of white."""

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np

from symclone_tf.errors import DataError
from symclone_tf.types import Array

# Of unsigned integers, cameras and detectors store as many bits.
BITS = (8, 10, 12, 14, 16)
# How far fractions may be from n/255 to be kept as bytes.
CLOSE = 1e-3
# Below it, numbers that may be labels are said to be dark.
DIM = 32
# How many images of an array are looked at at once.
AT_A_TIME = 256

BYTES, TRUTHS, INTEGERS, FRACTIONS = "bytes", "truths", "integers", "fractions"
_KINDS = {"b": TRUTHS, "i": INTEGERS, "u": INTEGERS, "f": FRACTIONS}


def kind_of(dtype: np.dtype) -> str | None:
    """The kind of an array's numbers; `None` if they are none of an image."""
    return BYTES if dtype == np.uint8 else _KINDS.get(dtype.kind)


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers of one image, or of many.

    Attributes:
        images: Integer, how many.
        low, high: Floats, the smallest and the largest number.
        whole: Boolean, whether all are integers.
        as_bytes: Boolean, whether all are fractions of 255.
        unknown: Integer, how many are not finite.
        masks: Integer, how many of the images have 0 and 1, and nothing else.
    """

    images: int
    low: float
    high: float
    whole: bool = True
    as_bytes: bool = False
    unknown: int = 0
    masks: int = 0

    @classmethod
    def of(cls, pixels: Array) -> "Range":
        """The range of one image."""
        unknown = 0
        if pixels.dtype.kind == "f":
            finite = np.isfinite(pixels)
            unknown = int(pixels.size - np.count_nonzero(finite))
            pixels = pixels[finite] if unknown else pixels
        if not pixels.size:
            return cls(1, 0, 0, unknown=unknown)
        low, high = float(pixels.min()), float(pixels.max())
        whole, as_bytes = True, False
        if pixels.dtype.kind == "f":
            whole = bool((pixels == np.rint(pixels)).all())
            levels = 255 * pixels.astype("float64")
            as_bytes = bool((np.abs(levels - np.rint(levels)) < CLOSE).all())
        mask = whole and (low, high) == (0, 1)
        return cls(1, low, high, whole, as_bytes, unknown, int(mask))

    def __add__(self, other: "Range") -> "Range":
        return Range(
            self.images + other.images,
            min(self.low, other.low),
            max(self.high, other.high),
            self.whole and other.whole,
            self.as_bytes and other.as_bytes,
            self.unknown + other.unknown,
            self.masks + other.masks,
        )


def ranges_in(images: Array) -> Iterator[Range]:
    """The range of each image of an array, or of several together."""
    if images.dtype.kind not in "biu":
        yield from map(Range.of, images)
        return
    for start in range(0, len(images), AT_A_TIME):
        some = images[start : start + AT_A_TIME]
        low, high = some.min((1, 2, 3)), some.max((1, 2, 3))
        masks = int(((low == 0) & (high == 1)).sum())
        yield Range(len(some), float(low.min()), float(high.max()), masks=masks)


@dataclasses.dataclass(frozen=True)
class Scale:
    """What is black and what is white of each kind of numbers.

    Attributes:
        dtype: String, of scaled images: `"uint8"`, or `"float32"` from 0 to 1.
        ends: Dictionary from kinds to pairs of floats, black and white.
    """

    dtype: str
    ends: Mapping[str, tuple[float, float]]

    def __call__(self, pixels: Array) -> Array:
        """Scales an image of any of these kinds."""
        kind = kind_of(pixels.dtype)
        if self.dtype == "uint8" and kind == BYTES and self.keeps_bytes:
            return pixels
        black, white = self.ends[str(kind)]
        shares = (pixels.astype("float64") - black) / (white - black)
        if self.dtype == "uint8":
            return np.rint(255 * shares).astype("uint8")
        return shares.astype("float32")

    @property
    def keeps_bytes(self) -> bool:
        """Whether bytes stay as they are."""
        return self.ends.get(BYTES, (0, 255)) == (0, 255)


class Values:
    """The numbers of all images of a data set, of which one scale is made.

    Args:
        source: String, what messages call the data.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.ranges: dict[str, Range] = {}
        self.unknown: list[str] = []

    def check(self, name: str, dtype: np.dtype) -> None:
        """Refuses what are no numbers of an image.

        Args:
            name: String, what messages call the image, or images.
            dtype: `numpy.dtype`.

        Raises:
            DataError: If it is not of bytes, integers, floats or truth values.
        """
        if kind_of(dtype) is None:
            raise DataError(
                f"{self.source}: {name} must have numbers as pixels, or truth values. "
                f"Received: {dtype}"
            )

    def add(self, name: str, dtype: np.dtype, found: Range) -> None:
        """Adds an image.

        Args:
            name: String, what messages call it.
            dtype: `numpy.dtype` of its numbers, which was checked.
            found: `Range` of these.
        """
        kind = str(kind_of(dtype))
        if found.unknown:
            self.unknown.append(name)
        before = self.ranges.get(kind)
        self.ranges[kind] = found if before is None else before + found

    def scale(self) -> tuple[Scale, list[str]]:
        """The scale of all images, training and test images alike.

        Returns:
            Pair of `Scale` and a list of lines that say what it does, empty if it
            leaves images as they are.

        Raises:
            DataError: If some numbers are not finite.
        """
        unknown = sum(found.unknown for found in self.ranges.values())
        if unknown:
            images = len(dict.fromkeys(self.unknown))
            raise DataError(
                f"{self.source}: {unknown:,} pixels are not numbers, but NaN or "
                f"infinite, in {images:,} {'image' if images == 1 else 'images'}, the "
                f"first of them {self.unknown[0]}: replace them"
            )
        ends = {kind: _ends(kind, found) for kind, found in self.ranges.items()}
        as_bytes = all(
            kind in (BYTES, TRUTHS)
            or (found.whole and ends[kind] in ((0, 1), (0, 255)))
            or (found.as_bytes and ends[kind] == (0, 1))
            for kind, found in self.ranges.items()
        )
        lines = [
            line
            for kind, found in self.ranges.items()
            for line in _lines(kind, found, ends[kind])
        ]
        if not as_bytes and BYTES in ends and ends[BYTES] == (0, 255):
            count = _count(self.ranges[BYTES])
            lines.append(f"{count} of bytes, among others: 255 became 1")
        return Scale("uint8" if as_bytes else "float32", ends), lines


def _ends(kind: str, found: Range) -> tuple[float, float]:
    """What is black, and what is white, of one kind of numbers."""
    if kind == TRUTHS or (found.whole and found.low >= 0 and found.high == 1):
        return 0, 1
    if kind == BYTES:
        return 0, 255
    if kind == FRACTIONS and found.low >= 0 and found.high <= 1:
        return 0, 1
    if found.whole and found.low >= 0 and found.high < 2 ** max(BITS):
        return 0, next(2**n - 1 for n in BITS if found.high < 2**n)
    low, high = found.low, found.high
    return low, high if high > low else math.nextafter(low, math.inf)


def _count(found: Range) -> str:
    return f"{found.images:,} image{'s' if found.images > 1 else ''}"


def _lines(kind: str, found: Range, ends: tuple[float, float]) -> list[str]:
    count = _count(found)
    if kind == TRUTHS:
        return [f"{count} of truth values: false became black, true white"]
    low, high = found.low, found.high
    lines = []
    if kind != FRACTIONS and ends == (0, 1):
        return [f"{count} with nothing but 0 and 1: 1 became white"]
    if found.masks and ends[1] > 1:
        lines.append(
            f"{found.masks:,} of {count} have nothing but 0 and 1, and others up to "
            f"{high:g}: these are almost black"
        )
    if ends == (0, 255) and 1 < high < DIM:
        lines.append(
            f"{count} of numbers up to {high:g}, where 255 is white: almost black"
        )
    if ends in ((0, 1), (0, 255)):
        return lines
    if found.whole and ends[0] == 0 and ends[1] in [2**n - 1 for n in BITS]:
        return [*lines, f"{count} of integers up to {high:g}: {ends[1]:g} is white"]
    return [
        *lines,
        f"{count} of numbers from {low:g} to {high:g}: the smallest became black, the "
        "largest white",
    ]
