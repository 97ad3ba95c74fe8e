"""PNG and JPEG files, of eight bits and of sixteen."""

import numpy as np
import PIL.Image
import tensorflow as tf
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile

from symclone_tf.data.decoded import FROM_CMYK, OPAQUE, Decoded, check_size
from symclone_tf.data.orientation import TAG, upright
from symclone_tf.types import Array

PNG = b"\x89PNG\r\n\x1a\n"
# Where a PNG's header has the bits of each number.
DEPTH = 24

FIRST = "read as the first of several pictures that they hold, as previews"


def read_photo(path: str) -> Decoded:
    """Reads a PNG or JPEG file, also one that holds a preview.

    Args:
        path: String.

    Returns:
        `Decoded`, of bytes, or of 16 bits where a PNG has as many.
    """
    with open(path, "rb") as stream:
        start = stream.read(DEPTH + 1)
        stream.seek(0)
        # `PIL.Image.open` would warn of large images, and of still larger ones raise.
        opened = PngImageFile if start.startswith(PNG) else jpeg_factory
        with opened(stream) as image, check_size(image.height, image.width):
            image.load()
            notes = (FIRST,) if getattr(image, "n_frames", 1) > 1 else ()
            if start.startswith(PNG) and start[DEPTH] == 16:
                pixels, done = _deep(path)
            else:
                pixels, done = _bytes(image)
            pixels, turned = upright(pixels, image.getexif().get(TAG))
    return Decoded(pixels, (*notes, *done, *turned))


def _deep(path: str) -> tuple[Array, tuple[str, ...]]:
    """A PNG of 16 bits: in colour, Pillow would keep eight of them."""
    pixels = tf.io.decode_png(tf.io.read_file(path), 0, tf.uint16).numpy()
    return _without_alpha(pixels, np.iinfo("uint16").max)


def _bytes(image: PIL.Image.Image) -> tuple[Array, tuple[str, ...]]:
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))[..., None], ()
    if image.mode == "LA":
        return _without_alpha(np.asarray(image), 255)
    if image.mode == "RGBA" or "transparency" in image.info:
        return _without_alpha(np.asarray(image.convert("RGBA")), 255)
    notes = (FROM_CMYK,) if image.mode == "CMYK" else ()
    return np.asarray(image.convert("RGB")), notes


def _without_alpha(pixels: Array, opaque: int) -> tuple[Array, tuple[str, ...]]:
    """Gray or colours alone; that is said where some of them could be seen through."""
    channels = pixels.shape[-1]
    if channels in (1, 3):
        return pixels, ()
    notes = (OPAQUE,) if pixels[..., -1].min() < opaque else ()
    return pixels[..., : channels - 1], notes
