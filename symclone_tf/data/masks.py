"""Masks: files and arrays with a whole number for each pixel, that of its class."""

import math
from typing import Any

import numpy as np
from PIL.PngImagePlugin import PngImageFile

from symclone_tf.data.decoded import Unreadable, check_size
from symclone_tf.data.nifti_files import read_nifti
from symclone_tf.data.orientation import TAG, upright
from symclone_tf.errors import DataError
from symclone_tf.types import Array

MASK_FORMATS = "PNG, TIFF or NIfTI"
# With more, masks number objects: a class for each would mean nothing.
MOST_CLASSES = 64
# Of PNG: one number for each pixel. Palettes are numbers of colours.
_ONE_NUMBER = ("1", "L", "P", "I", "I;16")


def read_mask(path: str) -> Array:
    """Reads a mask, of which no number is scaled; nothing in it is executed.

    It is turned upright where its file says so, as images are. A PNG or TIFF with a
    palette has the numbers of its colours, as Pascal VOC has them.

    Args:
        path: String.

    Returns:
        Integer array of shape `(height, width)`.

    Raises:
        Unreadable: If it has anything but one whole number for each pixel.
        DataError: If the library that reads it is not installed.
    """
    name = path.lower()
    try:
        if name.endswith(".png"):
            found = _png(path)
        elif name.endswith((".tif", ".tiff")):
            found = _tiff(path)
        elif name.endswith((".nii", ".nii.gz")):
            found = read_nifti(path).pixels
        else:
            raise Unreadable(f"no mask: masks are {MASK_FORMATS}, which keep numbers")
    except (Unreadable, DataError):
        raise
    except Exception as error:  # decoders raise errors of many types
        raise Unreadable(f"not a {MASK_FORMATS} mask that can be read") from error
    return whole_numbers(found)


def whole_numbers(pixels: Array) -> Array:
    """The numbers of a mask, or of several, as they are.

    Args:
        pixels: Array of shape `(…, height, width)`, or with one channel.

    Returns:
        int64 array without the axis of channels.

    Raises:
        Unreadable: If they are colours or fractions.
    """
    if pixels.ndim > 2 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim < 2 or not pixels.size:
        raise Unreadable("no mask: it has no rows and columns")
    if pixels.dtype.kind == "f" and (pixels == np.rint(pixels)).all():
        return pixels.astype("int64")
    if pixels.dtype.kind not in "biu":
        raise Unreadable(f"no mask: it has numbers of type {pixels.dtype}")
    return pixels.astype("int64")


def _png(path: str) -> Array:
    with PngImageFile(path) as image, check_size(image.height, image.width):
        if image.mode not in _ONE_NUMBER:
            raise Unreadable(
                f"no mask: it has colours ({image.mode}), and not a number for each "
                "pixel"
            )
        return upright(np.asarray(image)[..., None], image.getexif().get(TAG))[0]


def _tiff(path: str) -> Array:
    import tifffile

    with tifffile.TiffFile(path, is_ome=False) as file:
        page: Any = file.pages[0]
        with check_size(page.imagelength, page.imagewidth):
            if math.prod(page.shape) != page.imagelength * page.imagewidth:
                raise Unreadable("no mask: it has more than one number for each pixel")
            pixels = page.asarray().reshape(page.imagelength, page.imagewidth, 1)
        tag = page.tags.valueof(TAG)
        return upright(pixels, tag and int(tag))[0]


def classes_of(source: str, train: set[int], test: set[int]) -> list[int]:
    """The numbers of all classes, in their order.

    Args:
        source: String, what messages call the data.
        train, test: Sets of integers, of the masks of each split.

    Returns:
        List of integers.

    Raises:
        DataError: If there is one class only, more than `MOST_CLASSES`, or one that
            no training mask has.
    """
    values = sorted(train | test)
    if len(values) < 2:
        raise DataError(
            f"{source}: all pixels of all masks are {', '.join(map(str, values))}: "
            "segmentation needs two classes"
        )
    if len(values) > MOST_CLASSES:
        raise DataError(
            f"{source}: masks have {len(values):,} different numbers, from {values[0]} "
            f"to {values[-1]}, and at most {MOST_CLASSES} can be classes. Where they "
            "number objects, write a mask with a number for each kind of them"
        )
    if test - train:
        raise DataError(
            f"{source}: no training mask has a pixel of {min(test - train)}, which "
            "test masks have"
        )
    return values


def labels_of(mask: Array, classes: list[int]) -> Array:
    """Labels from 0, in place of the numbers of classes.

    Args:
        mask: Integer array.
        classes: List of integers, sorted.

    Returns:
        int32 array of the same shape.
    """
    return np.searchsorted(np.asarray(classes), mask).astype("int32")
