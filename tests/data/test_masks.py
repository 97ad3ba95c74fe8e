import numpy as np
import PIL.Image
import pytest
import tifffile

from symclone_tf.data.decoded import Unreadable
from symclone_tf.data.image_files import read_image
from symclone_tf.data.masks import classes_of, labels_of, read_mask, whole_numbers
from symclone_tf.errors import DataError

MASK = np.array([[0, 1, 7], [7, 7, 0]])


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_numbers_of_a_png_are_not_scaled(tmp_path, mode):
    dtype = "uint16" if mode == "I;16" else "uint8"
    image = PIL.Image.fromarray(MASK.astype(dtype))
    if mode == "P":
        image = PIL.Image.fromarray(MASK.astype("uint8"), "P")
        image.putpalette(bytes(range(255, -1, -1)) * 3)
    image.save(tmp_path / "mask.png")
    found = read_mask(str(tmp_path / "mask.png"))
    np.testing.assert_array_equal(found, MASK)
    assert found.dtype == "int64"


def test_one_bit_is_0_and_1(tmp_path):
    PIL.Image.fromarray(MASK > 0).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(str(tmp_path / "mask.png")), MASK > 0)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_numbers_of_a_tiff_are_not_scaled(tmp_path, dtype):
    file = tmp_path / "mask.TIF"
    tifffile.imwrite(file, MASK.astype(dtype))
    np.testing.assert_array_equal(read_mask(str(file)), MASK)


def test_white_is_zero_has_the_numbers_of_the_file(tmp_path):
    file = tmp_path / "mask.tif"
    tifffile.imwrite(file, MASK.astype("uint8"), photometric="miniswhite")
    np.testing.assert_array_equal(read_mask(str(file)), MASK)


@pytest.mark.parametrize("name", ["mask.png", "mask.tif"])
def test_masks_are_turned_upright_as_images_are(tmp_path, name):
    file, pixels = str(tmp_path / name), (20 * MASK).astype("uint8")
    if name.endswith(".png"):
        exif = PIL.Image.Exif()
        exif[274] = 6
        PIL.Image.fromarray(pixels).save(file, exif=exif)
    else:
        tifffile.imwrite(file, pixels, extratags=[(274, "H", 1, 6, True)])
    found = read_mask(file)
    assert found.shape == (3, 2)
    np.testing.assert_array_equal(found, read_image(file).pixels[..., 0])


def test_label_maps_of_nifti_lie_as_their_images_do(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    file = str(tmp_path / "mask.nii.gz")
    volume = MASK.astype("int16")[..., None]
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), file)
    np.testing.assert_array_equal(read_mask(file), read_image(file).pixels[..., 0])


@pytest.mark.parametrize(
    ("name", "pixels", "message"),
    [
        ("mask.jpg", np.zeros((4, 4), "uint8"), "masks are PNG, TIFF or NIfTI"),
        ("mask.png", np.zeros((4, 4, 3), "uint8"), r"it has colours \(RGB\)"),
        ("mask.tif", np.zeros((4, 4, 3), "uint8"), "more than one number for each"),
        ("mask.tif", np.full((4, 4), 0.5, "float32"), "numbers of type float32"),
    ],
)
def test_what_is_no_mask_is_refused(tmp_path, name, pixels, message):
    file = str(tmp_path / name)
    if name.endswith(".tif"):
        tifffile.imwrite(file, pixels)
    else:
        PIL.Image.fromarray(pixels).save(file)
    with pytest.raises(Unreadable, match=message):
        read_mask(file)


def test_a_damaged_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "mask.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(Unreadable, match="not a PNG, TIFF or NIfTI mask that can"):
        read_mask(str(tmp_path / "mask.png"))


def test_an_axis_of_one_channel_goes():
    assert whole_numbers(np.zeros((5, 4, 4, 1), bool)).shape == (5, 4, 4)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ({0}, {0}, "all pixels of all masks are 0"),
        (set(range(65)), set(), "65 different numbers, from 0 to 64, and at most 64"),
        ({0, 1}, {0, 9}, "no training mask has a pixel of 9"),
    ],
)
def test_numbers_that_cannot_be_classes_are_refused(train, test, message):
    with pytest.raises(DataError, match=message):
        classes_of("cells", train, test)


def test_labels_are_the_order_of_numbers():
    assert classes_of("cells", {255, 0, 3}, {0}) == [0, 3, 255]
    labels = labels_of(np.array([[255, 0], [3, 3]]), [0, 3, 255])
    np.testing.assert_array_equal(labels, [[2, 0], [1, 1]])
