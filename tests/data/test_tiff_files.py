"""TIFF files, written by tifffile and by Pillow."""

import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import tifffile

from symclone_tf.data import decoded, tiff_files
from symclone_tf.data.decoded import Unreadable
from symclone_tf.data.orientation import TURNED
from symclone_tf.data.tiff_files import read_tiff

from image_files import slope


@pytest.fixture
def file(tmp_path):
    return str(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int16"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_integers_keep_their_bits(file, dtype, compression):
    image = slope(dtype)
    tifffile.imwrite(file, image, photometric="minisblack", compression=compression)
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels[..., 0], image)
    assert (found.pixels.dtype, found.notes) == (dtype, ())


def test_fractions_stay(file):
    image = slope("uint16").astype("float32") / 7
    tifffile.imwrite(file, image)
    np.testing.assert_array_equal(read_tiff(file).pixels[..., 0], image)


def test_colours_first_or_last_are_the_same_and_the_former_are_mentioned(file):
    image = slope("uint16", 3)
    tifffile.imwrite(file, image, photometric="rgb")
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels, image)
    assert found.notes == ()
    planes = np.moveaxis(image, -1, 0)
    tifffile.imwrite(file, planes, photometric="rgb", planarconfig="separate")
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels, image)
    assert found.notes == (tiff_files.THREE_PLANES,)


@pytest.mark.parametrize("count", [3, 4])
def test_stacks_of_three_or_four_slices_are_colours_and_that_is_said(file, count):
    slices = np.stack([slope(most=255 - n) for n in range(count)])
    with pytest.warns(DeprecationWarning, match="are stored as RGB"):
        tifffile.imwrite(file, slices)
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels, np.moveaxis(slices[:3], 0, -1))
    assert found.notes == (
        getattr(tiff_files, f"{['THREE', 'FOUR'][count - 3]}_PLANES"),
    )


def test_three_samples_that_are_not_called_colours_are_mentioned(file):
    image = slope("uint8", 3)
    options = {"photometric": "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(file, image, extrasamples=[0, 0], **options)
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels, image)
    assert found.notes == (tiff_files.NO_COLOURS,)


@pytest.mark.parametrize("imagej", [False, True])
def test_of_several_pages_the_first_is_read(file, imagej):
    pages = np.stack([slope("uint16", most=most) for most in (4000, 3000, 2000, 9, 8)])
    tifffile.imwrite(file, pages, imagej=imagej, photometric="minisblack")
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels[..., 0], pages[0])
    assert found.notes == (tiff_files.FIRST,)


def test_each_file_of_an_ome_set_is_read_by_itself(tmp_path):
    images = [slope("uint16", most=most) for most in (4000, 3000)]
    names = ["one.ome.tif", "two.ome.tif"]
    planes = "".join(
        f'<TiffData FirstZ="{n}" IFD="0" PlaneCount="1"><UUID FileName="{name}">'
        f"urn:uuid:0000000{n}-0000-0000-0000-000000000000</UUID></TiffData>"
        for n, name in enumerate(names)
    )
    for n, (name, image) in enumerate(zip(names, images)):
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy'
            '.org/Schemas/OME/2016-06" UUID="urn:uuid:'
            f'0000000{n}-0000-0000-0000-000000000000"><Image ID="Image:0"><Pixels '
            'ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="22" SizeY="17" '
            'SizeZ="2" SizeC="1" SizeT="1"><Channel ID="Channel:0:0" SamplesPerPixel='
            f'"1"/>{planes}</Pixels></Image></OME>'
        )
        options = {"description": text, "metadata": None, "photometric": "minisblack"}
        tifffile.imwrite(tmp_path / name, image, **options)
    # As a set each file has both images, one of which may be a test image.
    assert tifffile.imread(tmp_path / names[1]).shape == (2, 17, 22)
    for name, image in zip(names, images):
        found = read_tiff(str(tmp_path / name))
        np.testing.assert_array_equal(found.pixels[..., 0], image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "bool"])
def test_white_is_white_where_it_is_zero(file, dtype):
    image = slope(most=1).astype(bool) if dtype == "bool" else slope(dtype)
    tifffile.imwrite(file, image, photometric="miniswhite")
    found = read_tiff(file)
    expected = ~image if dtype == "bool" else np.iinfo(dtype).max - image
    np.testing.assert_array_equal(found.pixels[..., 0], expected)
    assert (found.pixels.dtype, found.notes) == (dtype, (tiff_files.INVERTED,))


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("kind", ["minisblack", "miniswhite"])
def test_white_of_few_bits_is_white(file, bits, kind):
    image = slope(most=2**bits - 1)
    tifffile.imwrite(file, image, bitspersample=bits, photometric=kind)
    expected = image * (255 // (2**bits - 1))
    expected = 255 - expected if kind == "miniswhite" else expected
    np.testing.assert_array_equal(read_tiff(file).pixels[..., 0], expected)


def test_bits_of_other_programs_are_as_pillow_has_them(file):
    image = PIL.Image.fromarray(slope()).convert("1")
    for compression in (None, "group4"):
        image.save(file, compression=compression)
        np.testing.assert_array_equal(read_tiff(file).pixels[..., 0], image)


@pytest.mark.parametrize("orientation", [3, 6])
def test_pages_are_turned_as_their_tag_says(file, orientation):
    image = slope()
    turns = {3: 2, 6: 1}[orientation]
    options = {"extratags": [(274, "H", 1, orientation, True)]}
    tifffile.imwrite(file, np.ascontiguousarray(np.rot90(image, turns)), **options)
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels[..., 0], image)
    assert found.notes == (TURNED,)


def test_palettes_and_inks_become_colours(file):
    colours = np.random.default_rng(0).integers(256, size=(3, 256)).astype("uint16")
    image = slope()
    tifffile.imwrite(file, image, photometric="palette", colormap=257 * colours)
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels, np.moveaxis(colours[:, image], 0, -1))
    PIL.Image.fromarray(slope(channels=3)).convert("CMYK").save(file)
    found = read_tiff(file)
    expected = np.asarray(PIL.Image.open(file).convert("RGB"))
    np.testing.assert_array_equal(found.pixels, expected)
    assert found.notes == (decoded.FROM_CMYK,)


def test_transparency_is_dropped(file):
    image = slope(channels=4)
    tifffile.imwrite(file, image, photometric="rgb", extrasamples=["unassalpha"])
    found = read_tiff(file)
    np.testing.assert_array_equal(found.pixels, image[..., :3])
    assert found.notes == (decoded.OPAQUE,)


@pytest.mark.parametrize(
    ("image", "options", "reason"),
    [
        (slope(channels=5), {"photometric": "minisblack"}, "more or other channels"),
        (slope(channels=3), {"photometric": "cielab"}, "more or other channels"),
        (slope().astype("complex64"), {}, "of numbers of type complex64"),
        (slope("int16"), {"photometric": "miniswhite"}, "whose zero is white"),
        (
            np.zeros((4, 17, 22), "uint8"),
            {"volumetric": True, "tile": (4, 32, 32), "photometric": "minisblack"},
            "of more than a picture",
        ),
    ],
)
def test_what_is_neither_gray_nor_colours_is_refused(file, image, options, reason):
    if options == {"photometric": "minisblack"}:
        options["planarconfig"] = "contig"
    tifffile.imwrite(file, image, **options)
    with pytest.raises(Unreadable, match=reason):
        read_tiff(file)


MISSING = """
import sys
sys.modules["imagecodecs"] = None
from symclone_tf.data.tiff_files import read_tiff
try:
    read_tiff(sys.argv[1])
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("options", [{"compression": "lzw"}, {"bitspersample": 4}])
def test_what_needs_a_library_names_its_extra(file, options):
    tifffile.imwrite(file, slope(most=15), **options)
    done = subprocess.run(
        [sys.executable, "-c", MISSING, file], capture_output=True, text=True
    )
    assert done.stdout == (
        f"{file} is read by imagecodecs, which is not installed: "
        "pip install 'symclone-tf[tiff]'\n"
    )
