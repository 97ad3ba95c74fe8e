"""Image files of one's own, each written by the library of its format."""

import numpy as np
import PIL.Image
import pydicom
import pydicom.uid
from pydicom.dataset import Dataset, FileMetaDataset

HEIGHT, WIDTH = 17, 22


def slope(dtype="uint8", channels=1, height=HEIGHT, width=WIDTH, most=None):
    """An image that no rotation or reflection keeps, of all levels up to `most`."""
    most = np.iinfo(dtype).max if most is None else most
    rows, columns = np.mgrid[:height, :width] / np.array([[[height]], [[width]]])
    shares = np.stack([rows**2 * 0.7 + columns * 0.3 + n / 99 for n in range(channels)])
    shares = (shares - shares.min()) / np.ptp(shares)
    image = np.rint(most * np.moveaxis(shares, 0, -1)).astype(dtype)
    return image[..., 0] if channels == 1 else image


def write_classes(folder, write, count=5):
    """A folder of two classes, of files that `write` writes, by path and number."""
    for label, name in enumerate("ab"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            write(folder / name / f"{number}", count * label + number)
    return folder


def write_png(path, image):
    PIL.Image.fromarray(image).save(f"{path}.png")


def write_dicom(path, image, kind="MONOCHROME2", bits=None, frames=None, **others):
    """A DICOM file without compression, of gray or of colours."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    found = Dataset()
    found.file_meta = meta
    found.SOPClassUID = meta.MediaStorageSOPClassUID
    found.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    colours = kind in ("RGB", "YBR_FULL")
    found.Rows, found.Columns = image.shape[:2] if colours else image.shape[-2:]
    found.SamplesPerPixel = 3 if colours else 1
    if colours:
        found.PlanarConfiguration = 0
    found.PhotometricInterpretation = kind
    found.BitsAllocated = 8 * image.dtype.itemsize
    found.BitsStored = bits or found.BitsAllocated
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = int(image.dtype.kind == "i")
    if frames:
        found.NumberOfFrames = frames
    for name, value in others.items():
        setattr(found, name, value)
    data = image.tobytes()
    found.PixelData = data + b"\0" * (len(data) % 2)
    found.save_as(path, enforce_file_format=True)
