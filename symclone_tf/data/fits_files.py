"""FITS files, of astronomy."""

import numpy as np

from symclone_tf.data.decoded import (
    SEVERAL_SLICES,
    Decoded,
    Unreadable,
    check_size,
    library,
)

REVERSED = "read with their first row at the bottom (FITS)"


def read_fits(path: str) -> Decoded:
    """Reads the first image of a FITS file, with `BZERO` and `BSCALE`.

    The first row of a FITS image is the one at the bottom: rows are reversed, so that
    up is where astronomers' programs have it.

    Args:
        path: String.

    Returns:
        `Decoded`.

    Raises:
        DataError: If astropy is not installed.
        Unreadable: If it has no image, or one of several slices.
    """
    fits = library("astropy.io.fits", "fits", path)
    # Memory would be mapped to a file that closes.
    with fits.open(path, memmap=False) as found:
        for unit in found:
            shape = tuple(unit.shape) if unit.is_image else ()
            if len(shape) < 2:
                continue
            if set(shape[:-2]) - {1}:
                raise Unreadable(SEVERAL_SLICES)
            with check_size(*shape[-2:]):
                pixels = np.asarray(unit.data).reshape(shape[-2:])
                # Numbers of FITS have the bytes of other computers.
                native = pixels.astype(pixels.dtype.newbyteorder("="))
            return Decoded(native[::-1, :, None], (REVERSED,))
    raise Unreadable("without an image of rows and columns (FITS)")
