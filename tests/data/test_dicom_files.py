"""DICOM files, written by pydicom."""

import numpy as np
import pytest

from symclone_tf.data.decoded import SEVERAL_SLICES, Unreadable
from symclone_tf.data.dicom_files import INVERTED, RESCALED, is_dicom, read_dicom

from image_files import slope, write_dicom


@pytest.fixture
def file(tmp_path):
    return str(tmp_path / "a.dcm")


@pytest.mark.parametrize(
    ("dtype", "bits"), [("uint8", 8), ("uint16", 12), ("uint16", 16), ("int16", 16)]
)
def test_stored_numbers_are_read_with_the_first_row_on_top(file, dtype, bits):
    image = slope(dtype, most=2 ** (bits - (dtype == "int16")) - 1)
    image = image - 2**14 if dtype == "int16" else image
    write_dicom(file, image.astype(dtype), bits=bits)
    found = read_dicom(file)
    np.testing.assert_array_equal(found.pixels[..., 0], image)
    assert (found.pixels.dtype, found.notes) == (dtype, ())


@pytest.mark.parametrize(("dtype", "bits"), [("uint16", 12), ("int16", 12)])
def test_white_is_white_where_zero_is_white(file, dtype, bits):
    most = 2 ** (bits - (dtype == "int16")) - 1
    least = 0 if dtype == "uint16" else -most - 1
    image = slope(dtype, most=most)
    write_dicom(file, image, "MONOCHROME1", bits)
    found = read_dicom(file)
    np.testing.assert_array_equal(found.pixels[..., 0], most + least - image)
    assert found.notes == (INVERTED,)


def test_numbers_are_rescaled(file):
    image = slope("uint16", most=4095)
    write_dicom(file, image, bits=12, RescaleSlope=2, RescaleIntercept=-1024)
    found = read_dicom(file)
    np.testing.assert_array_equal(found.pixels[..., 0], 2.0 * image - 1024)
    assert found.notes == (RESCALED,)
    write_dicom(file, image, bits=12, RescaleSlope=1, RescaleIntercept=0)
    found = read_dicom(file)
    assert (found.pixels.dtype, found.notes) == (np.uint16, ())


def test_colours_are_read_in_either_model(file):
    image = slope(channels=3)
    write_dicom(file, image, "RGB")
    np.testing.assert_array_equal(read_dicom(file).pixels, image)
    gray = np.full((17, 22, 3), 128, "uint8")
    gray[..., 0] = slope()
    write_dicom(file, gray, "YBR_FULL")
    expected = np.repeat(slope()[..., None], 3, axis=-1)
    assert np.abs(read_dicom(file).pixels.astype(int) - expected).max() <= 1


def test_each_file_of_a_series_is_read_by_itself(tmp_path):
    images = [slope("uint16", most=most) for most in (4000, 3000, 2000)]
    for number, image in enumerate(images):
        options = {"SeriesInstanceUID": "1.2.3", "InstanceNumber": number}
        write_dicom(tmp_path / f"{number}.dcm", image, **options)
    for number, image in enumerate(images):
        found = read_dicom(str(tmp_path / f"{number}.dcm"))
        np.testing.assert_array_equal(found.pixels[..., 0], image)


def test_files_of_several_slices_or_of_none_are_refused(file):
    write_dicom(file, np.zeros((3, 17, 22), "uint8"), frames=3)
    with pytest.raises(Unreadable, match=SEVERAL_SLICES):
        read_dicom(file)
    import pydicom

    found = pydicom.dcmread(file)
    del found.PixelData
    found.save_as(file)
    with pytest.raises(Unreadable, match="without an image"):
        read_dicom(file)


def test_what_is_too_large_is_refused_before_it_is_decoded(file):
    write_dicom(file, slope())
    import pydicom

    found = pydicom.dcmread(file)
    found.Rows = found.Columns = 60_000
    found.save_as(file)
    with pytest.raises(Unreadable, match="of more than 100,000,000 pixels"):
        read_dicom(file)


def test_files_are_known_by_their_first_bytes(tmp_path):
    write_dicom(tmp_path / "IM0001", slope())
    assert is_dicom(str(tmp_path / "IM0001"))
    (tmp_path / "notes").write_text("DICM")
    assert not is_dicom(str(tmp_path / "notes"))
    assert not is_dicom(str(tmp_path / "nowhere"))
