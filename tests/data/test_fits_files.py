"""FITS files, written by astropy."""

import numpy as np
import pytest
from astropy.io import fits

from symclone_tf.data.decoded import SEVERAL_SLICES, Unreadable
from symclone_tf.data.fits_files import REVERSED, read_fits

from image_files import slope


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
def test_the_first_row_is_at_the_bottom_and_numbers_are_scaled(tmp_path, dtype):
    image = slope("int16").astype(dtype)
    fits.writeto(tmp_path / "a.fits", image)
    found = read_fits(str(tmp_path / "a.fits"))
    # As astropy's pages show images, with origin="lower".
    np.testing.assert_array_equal(found.pixels[..., 0], np.flipud(image))
    assert (found.pixels.dtype, found.notes) == (np.dtype(dtype), (REVERSED,))


def test_integers_that_stand_for_fractions_are_scaled(tmp_path):
    unit = fits.PrimaryHDU(slope("int16"))
    unit.header["BSCALE"], unit.header["BZERO"] = 0.5, 100
    unit.writeto(tmp_path / "a.fits")
    found = read_fits(str(tmp_path / "a.fits"))
    expected = np.flipud(fits.getdata(tmp_path / "a.fits"))
    assert expected.min() == 100
    np.testing.assert_array_equal(found.pixels[..., 0], expected)


def test_the_first_image_is_read_wherever_it_is(tmp_path):
    image = slope("int16")
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])])
    units = [fits.PrimaryHDU(), table, fits.ImageHDU(image[None, None])]
    fits.HDUList([*units, fits.ImageHDU(image[:9])]).writeto(tmp_path / "a.fits")
    found = read_fits(str(tmp_path / "a.fits"))
    np.testing.assert_array_equal(found.pixels[..., 0], np.flipud(image))


@pytest.mark.parametrize("name", ["a.fits.gz", "a.fits"])
def test_compressed_files_are_read(tmp_path, name):
    image = slope("int16")
    unit = fits.PrimaryHDU(image) if name[-1] == "z" else fits.CompImageHDU(image)
    units = [unit] if name[-1] == "z" else [fits.PrimaryHDU(), unit]
    fits.HDUList(units).writeto(tmp_path / name)
    found = read_fits(str(tmp_path / name))
    np.testing.assert_array_equal(found.pixels[..., 0], np.flipud(image))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (np.zeros((3, 17, 22), "int16"), SEVERAL_SLICES),
        (np.zeros(17, "int16"), "without an image"),
        (None, "without an image"),
    ],
)
def test_what_is_no_image_of_rows_and_columns_is_refused(tmp_path, data, reason):
    fits.PrimaryHDU(data).writeto(tmp_path / "a.fits")
    with pytest.raises(Unreadable, match=reason):
        read_fits(str(tmp_path / "a.fits"))


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path):
    header = fits.PrimaryHDU(slope("int16")).header
    header["NAXIS1"] = header["NAXIS2"] = 10**5
    (tmp_path / "a.fits").write_bytes(header.tostring().encode())
    with (
        pytest.warns(Warning, match="truncated"),
        pytest.raises(Unreadable, match="of more than 100,000,000 pixels"),
    ):
        read_fits(str(tmp_path / "a.fits"))
