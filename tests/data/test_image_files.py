"""Image files by their formats."""

import pathlib
import sys

import nibabel
import numpy as np
import PIL.Image
import pytest
import tifffile
from astropy.io import fits

import symclone_tf as sc
from symclone_tf.data.decoded import Unreadable
from symclone_tf.data.image_files import NO_IMAGE, READERS, read_image

from image_files import slope, write_classes, write_dicom

IMAGE = slope("uint16", most=4000)
WRITERS = {
    "png": lambda file, image: PIL.Image.fromarray(image).save(file),
    "tif": lambda file, image: tifffile.imwrite(file, image),
    "fits": lambda file, image: fits.writeto(file, image[::-1], overwrite=True),
    "dcm": write_dicom,
    "nii": lambda file, image: nibabel.save(
        nibabel.Nifti1Image(image[::-1].T[..., None], np.eye(4)), file
    ),
}
"""How each format is written, so that what is on top is on top."""


@pytest.mark.parametrize("size", [(17, 22), (16, 32)])
@pytest.mark.parametrize("suffix", WRITERS)
def test_the_same_image_is_the_same_in_every_format(tmp_path, suffix, size):
    image = slope("uint16", 1, *size, most=4000)
    file = str(tmp_path / f"a.{suffix}")
    WRITERS[suffix](file, image)
    found = read_image(file).pixels
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[..., 0], image)


@pytest.mark.parametrize("suffix", WRITERS)
def test_folders_of_every_format_are_opened_at_one_scale(tmp_path, suffix):
    def write(path, number):
        WRITERS[suffix](f"{path}.{suffix}", IMAGE // (1 + number))

    images = sc.data.open_images(write_classes(tmp_path / "two", write), 22)
    assert (images.size, images.channels, images.dtype) == (22, 1, "float32")
    assert "10 images of integers up to 4000: 4095 is white" in images.notes
    (x, _), *_ = images.batches("train", 8).as_numpy_iterator()
    padded = np.pad(IMAGE, ((2, 3), (0, 0)))
    expected = [padded // (1 + number) for number in range(10)]
    for image in np.round(4095 * x[..., 0]):
        assert sum(np.array_equal(image, each) for each in expected) == 1


@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyUserWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("suffix", WRITERS)
def test_damaged_files_are_left_out_in_one_line(tmp_path, suffix, capfd):
    file = tmp_path / f"a.{suffix}"
    WRITERS[suffix](str(file), IMAGE)
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    noise = rng.integers(256, size=3000).astype("uint8").tobytes()
    for content in (b"", whole[:4], whole[:200], whole[:-60][: len(whole) // 2], noise):
        file.write_bytes(content)
        with pytest.raises(Unreadable) as error:
            read_image(str(file))
        assert str(error.value)
        assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", WRITERS)
def test_files_with_another_suffix_than_theirs_are_left_out(tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    WRITERS[suffix](str(file), IMAGE)
    for other in {*WRITERS, "jpg", "txt"} - {suffix, "jpg" if suffix == "png" else ""}:
        wrong = tmp_path / f"b.{other}"
        wrong.write_bytes(file.read_bytes())
        if (suffix, other) == ("dcm", "txt"):  # known by its first bytes
            np.testing.assert_array_equal(read_image(str(wrong)).pixels[..., 0], IMAGE)
            continue
        with pytest.raises(Unreadable, match=NO_IMAGE):
            read_image(str(wrong))


@pytest.mark.parametrize(
    ("suffix", "library"),
    [("fits", "astropy"), ("dcm", "pydicom"), ("nii", "nibabel")],
)
def test_a_library_that_is_missing_is_named_with_its_extra(
    tmp_path, monkeypatch, suffix, library
):
    folder = write_classes(
        tmp_path / "two", lambda path, _: WRITERS[suffix](f"{path}.{suffix}", IMAGE)
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)
    extra = {"fits": "fits", "dcm": "dicom", "nii": "nifti"}[suffix]
    with pytest.raises(sc.DataError) as error:
        sc.data.open_images(folder)
    assert str(error.value) == (
        f"{folder / 'a' / '0'}.{suffix} is read by {library}, which is not installed: "
        f"pip install 'symclone-tf[{extra}]'"
    )


def test_the_extras_that_are_named_are_those_of_the_package():
    text = pathlib.Path(__file__).parents[2].joinpath("setup.cfg").read_text()
    extras = text.partition("[options.extras_require]")[2].partition("[options.")[0]
    for extra in ("fits", "dicom", "nifti", "tiff"):
        assert f"\n{extra} =\n" in extras


def test_each_suffix_has_one_reader():
    suffixes = [suffix for each in READERS.values() for suffix in each]
    assert len(suffixes) == len(set(suffixes))
