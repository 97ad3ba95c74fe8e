"""Images turned upright, as the tag of cameras and scanners says."""

import numpy as np

from symclone_tf.types import Array

# In EXIF and in TIFF.
TAG = 0x0112
UPRIGHT = 1
TURNED = "turned upright, as their orientation tag says"


def upright(pixels: Array, orientation: object) -> tuple[Array, tuple[str, ...]]:
    """An image as it is meant to be shown.

    Args:
        pixels: Array of shape `(height, width, channels)`.
        orientation: The value of the tag; anything but 2 to 8 leaves the image alone,
            as viewers do.

    Returns:
        Pair of the image, and of what was done, to say so.

    Example:

    >>> image = np.array([[1, 2]])[..., None]
    >>> upright(image, 6)[0][..., 0]  # it lies on its left side
    array([[1],
           [2]])
    """
    ways = {
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
        8: lambda x: np.rot90(x),
    }
    if not isinstance(orientation, int) or orientation not in ways:
        return pixels, ()
    return ways[orientation](pixels), (TURNED,)
