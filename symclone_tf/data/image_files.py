"""Image files by their formats, each of which has one reader."""

from collections.abc import Callable

from symclone_tf.data.decoded import Decoded, Unreadable
from symclone_tf.data.dicom_files import is_dicom, read_dicom
from symclone_tf.data.fits_files import read_fits
from symclone_tf.data.nifti_files import read_nifti
from symclone_tf.data.photo_files import read_photo
from symclone_tf.data.tiff_files import read_tiff
from symclone_tf.errors import DataError

READERS: dict[Callable[[str], Decoded], tuple[str, ...]] = {
    read_photo: (".png", ".jpg", ".jpeg"),
    read_tiff: (".tif", ".tiff"),
    read_fits: (".fits", ".fit", ".fts", ".fits.gz"),
    read_dicom: (".dcm", ".dicom"),
    read_nifti: (".nii", ".nii.gz"),
}
"""Functions of a path, by the suffixes of what they read."""

FORMATS = "PNG, JPEG, TIFF, FITS, DICOM or NIfTI"
NO_IMAGE = f"not a {FORMATS} image that can be read"


def read_image(path: str) -> Decoded:
    """Reads an image file, by its suffix; nothing in it is executed.

    Args:
        path: String.

    Returns:
        `Decoded`.

    Raises:
        Unreadable: If it is none, or one that cannot be used.
        DataError: If the library that reads it is not installed.
    """
    reader = _reader(path)
    if reader is None:
        raise Unreadable(NO_IMAGE)
    try:
        return reader(path)
    except (Unreadable, DataError):
        raise
    except Exception as error:
        # Whatever a decoder raises, the file is not an image that can be read.
        raise Unreadable(NO_IMAGE) from error


def _reader(path: str) -> Callable[[str], Decoded] | None:
    name = path.lower()
    for reader, suffixes in READERS.items():
        if name.endswith(suffixes):
            return reader
    return read_dicom if is_dicom(path) else None
