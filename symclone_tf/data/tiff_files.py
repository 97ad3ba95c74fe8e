"""TIFF files, as microscopes, scanners and programs write them."""

import logging
from typing import Any

import numpy as np
import PIL.Image

from symclone_tf.data.decoded import (
    FROM_CMYK,
    OPAQUE,
    Decoded,
    Unreadable,
    check_size,
    needed,
)
from symclone_tf.data.orientation import TAG, upright
from symclone_tf.types import Array

FIRST = "read at the first of several pages"
INVERTED = "inverted: their zero is white (tag 262)"
THREE_PLANES = (
    "of three planes one after another (channels first), read as red, green and blue"
)
FOUR_PLANES = (
    "of four planes one after another (channels first), read as red, green, blue and "
    "transparency, which is dropped"
)
NO_COLOURS = "of three samples that no tag calls colours, read as red, green and blue"

# Values of tag 262.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED, YCBCR = 0, 1, 2, 3, 5, 6

# A damaged file is one line of ours, not several of tifffile's.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(path: str) -> Decoded:
    """Reads the first page of a TIFF file.

    Of an OME-TIFF it is the page of this file: read as a set, each of its files would
    give the images of all.

    Args:
        path: String.

    Returns:
        `Decoded`, of the numbers that the page has.

    Raises:
        DataError: If its compression needs a library that is not installed.
        Unreadable: If it is no image of gray or of colours.
    """
    import tifffile

    with tifffile.TiffFile(path, is_ome=False) as file:
        pages = [page for page in file.pages if not page.is_reduced]
        page = pages[0]
        if page.imagedepth > 1 or page.samplesperpixel > 5:
            raise Unreadable("of more than a picture of gray or three colours (TIFF)")
        with check_size(page.imagelength, page.imagewidth):
            try:
                pixels = page.asarray()
            except Exception as error:
                if "imagecodecs" in str(error):
                    raise needed("imagecodecs", "tiff", path) from error
                raise
        notes = (FIRST,) if len(pages) > 1 or _images(file) > 1 else ()
        pixels, done = _coloured(page, pixels)
        orientation = page.tags.valueof(TAG)
        pixels, turned = upright(pixels, orientation and int(orientation))
    return Decoded(pixels, (*notes, *done, *turned))


def _images(file: Any) -> int:
    """How many images ImageJ wrote, of many of which only the first has a page."""
    found = file.imagej_metadata if file.is_imagej else None
    return int((found or {}).get("images", 1))


def _coloured(page: Any, pixels: Array) -> tuple[Array, tuple[str, ...]]:
    """The page with its channels last, black at 0, and what was done for it."""
    kind = int(page.photometric)
    if page.axes == "YX":
        pixels = pixels[..., None]
    elif page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    elif page.axes != "YXS":
        raise Unreadable(f"of axes {page.axes} (TIFF)")
    if pixels.dtype.kind not in "biuf":
        raise Unreadable(f"of numbers of type {pixels.dtype} (TIFF)")
    count = pixels.shape[-1]
    if kind == PALETTE and count == 1:
        colours = page.colormap[:, pixels[..., 0].astype("int64")]
        return np.rint(np.moveaxis(colours, 0, -1) / 257).astype("uint8"), ()
    if kind == SEPARATED and count == 4 and pixels.dtype == np.uint8:
        inks = PIL.Image.fromarray(np.ascontiguousarray(pixels), "CMYK")
        return np.asarray(inks.convert("RGB")), (FROM_CMYK,)
    if kind in (RGB, YCBCR) and count in (3, 4):
        return pixels[..., :3], _of_colours(page, pixels)
    if kind not in (WHITE_IS_ZERO, BLACK_IS_ZERO) or count > 3:
        raise Unreadable("of more or other channels than gray or three colours (TIFF)")
    notes: tuple[str, ...] = ()
    if count == 2:
        pixels, notes = pixels[..., :1], (OPAQUE,)
    elif count == 3:
        notes = (THREE_PLANES if page.axes == "SYX" else NO_COLOURS,)
    if kind == WHITE_IS_ZERO:
        pixels, notes = _inverted(pixels, page.bitspersample), (*notes, INVERTED)
    if pixels.dtype == np.uint8 and page.bitspersample < 8:
        # White of four bits is 15. PNG of as many are scaled to bytes by Pillow.
        pixels = np.rint(pixels * (255 / (2**page.bitspersample - 1))).astype("uint8")
    return pixels, notes


def _of_colours(page: Any, pixels: Array) -> tuple[str, ...]:
    if page.axes == "SYX":
        return (THREE_PLANES if pixels.shape[-1] == 3 else FOUR_PLANES,)
    if pixels.shape[-1] == 3:
        return ()
    opaque = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else 1
    return (OPAQUE,) if pixels[..., 3].min() < opaque else ()


def _inverted(pixels: Array, bits: int) -> Array:
    if pixels.dtype.kind == "b":
        return ~pixels
    if pixels.dtype.kind != "u":
        raise Unreadable("whose zero is white, of signed numbers or fractions (TIFF)")
    return (2**bits - 1 - pixels.astype("int64")).astype(pixels.dtype)
