"""NIfTI files, of medicine: slices and label maps."""

import logging
import math
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

# What an image of labels says that it is.
LABEL = 1002
# How far labels that were scaled in their file may be from integers.
CLOSE = 1e-3

TURNED = (
    "turned by their affine: to the top is anterior or superior, to the right is the "
    "patient's right, or anterior (NIfTI)"
)

logging.getLogger("nibabel").addHandler(logging.NullHandler())


def read_nifti(path: str) -> Decoded:
    """Reads a NIfTI file of one slice, along any axis.

    Axes are first turned to right, anterior and superior, by `as_closest_canonical` of
    nibabel. Of the two axes that the slice has, the first then runs to the right of
    the image, and the second to its top.

    Args:
        path: String.

    Returns:
        `Decoded`; labels are integers.

    Raises:
        DataError: If nibabel is not installed.
        Unreadable: If it has more than one slice.
    """
    nibabel = library("nibabel", "nifti", path)
    found = nibabel.load(path)
    if len(found.shape) < 2:
        raise Unreadable("without an image of rows and columns (NIfTI)")
    along = [axis for axis, size in enumerate(found.shape) if size > 1]
    if len(along) > 2 or any(axis > 2 for axis in along):
        raise Unreadable(SEVERAL_SLICES)
    with check_size(math.prod(found.shape), 1):
        label = int(found.header["intent_code"]) == LABEL
        stored = found.get_data_dtype()
        turned = nibabel.as_closest_canonical(_of_three_axes(nibabel, found))
        volume = np.asanyarray(turned.dataobj)
    flat = next((a for a in (2, 1, 0) if volume.shape[a] == 1), None)
    if flat is None:
        raise Unreadable(SEVERAL_SLICES)
    image = np.take(volume, 0, axis=flat)
    # The first axis to the right, the second to the top.
    image = image.T[::-1]
    if image.dtype.names:
        return Decoded(np.stack([image[name] for name in "RGB"], -1), (TURNED,))
    image = image.astype(image.dtype.newbyteorder("="))
    return Decoded(_labels(image, label, stored)[..., None], (TURNED,))


def _of_three_axes(nibabel: Any, found: Any) -> Any:
    """The image with three axes: of others nibabel cannot turn them."""
    shape = (*found.shape[:3], 1)[:3]
    if found.shape == shape:
        return found
    volume = np.asanyarray(found.dataobj).reshape(shape)
    return nibabel.Nifti1Image(volume, found.affine, found.header)


def _labels(image: Array, label: bool, stored: Any) -> Array:
    """Integers where the file has them, though its scale makes fractions of them."""
    if image.dtype.kind != "f":
        return image
    whole = np.rint(image)
    scaled = stored.kind in "iu" and np.allclose(image, whole, rtol=0, atol=CLOSE)
    return whole.astype("int64") if label or scaled else image
