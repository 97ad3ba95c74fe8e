"""DICOM files, of medicine, each read by itself."""

from typing import Any

import numpy as np

from symclone_tf.data.decoded import (
    SEVERAL_SLICES,
    Decoded,
    Unreadable,
    check_size,
    library,
)
from symclone_tf.types import Array

# Where a file's name does not say what it is, these bytes do.
MARK, MARK_AT = b"DICM", 128

INVERTED = "inverted: their zero is white (MONOCHROME1)"
RESCALED = "rescaled by the slope and intercept that they have (DICOM)"


def is_dicom(path: str) -> bool:
    """Whether a file begins as DICOM files do: many have no suffix."""
    try:
        with open(path, "rb") as stream:
            return stream.read(MARK_AT + len(MARK))[MARK_AT:] == MARK
    except OSError:
        return False


def read_dicom(path: str) -> Decoded:
    """Reads the image of one DICOM file, whatever else is in its folder.

    Rows are as they are stored. The window of brightness that viewers apply is not
    applied, for it would cut numbers off.

    Args:
        path: String.

    Returns:
        `Decoded`.

    Raises:
        DataError: If pydicom is not installed.
        Unreadable: If it has no image, or several.
    """
    pydicom = library("pydicom", "dicom", path)
    pixels = library("pydicom.pixels", "dicom", path)
    found = pydicom.dcmread(path)
    if "PixelData" not in found:
        raise Unreadable("without an image of rows and columns (DICOM)")
    if int(found.get("NumberOfFrames") or 1) > 1:
        raise Unreadable(SEVERAL_SLICES)
    with check_size(found.Rows, found.Columns):
        image = np.asarray(pixels.pixel_array(found))
        kind = str(found.PhotometricInterpretation)
        if kind == "PALETTE COLOR":
            return Decoded(_bytes(pixels.apply_color_lut(image, found)[..., :3]))
        if image.ndim == 3:
            return Decoded(image)
        notes = []
        if kind == "MONOCHROME1":
            image = _inverted(image, found)
            notes.append(INVERTED)
        rescaled = np.asarray(pixels.apply_modality_lut(image, found))
        if not np.array_equal(rescaled, image):
            image = rescaled
            notes.append(RESCALED)
    return Decoded(image[..., None], tuple(notes))


def _inverted(image: Array, found: Any) -> Array:
    """The image with black and white exchanged, of the bits that are stored."""
    bits = int(found.BitsStored)
    ends = 2**bits - 1 if image.dtype.kind == "u" else -1
    return (ends - image.astype("int64")).astype(image.dtype)


def _bytes(colours: Array) -> Array:
    """Colours of a table, which has 16 bits, or eight."""
    if colours.dtype == np.uint8:
        return colours
    return np.rint(colours / 257).astype("uint8")
