"""PNG and JPEG files."""

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from symclone_tf.data.decoded import FROM_CMYK, OPAQUE, Unreadable
from symclone_tf.data.orientation import TURNED
from symclone_tf.data.photo_files import FIRST, read_photo

from image_files import slope


def test_gray_and_colours_of_eight_bits_are_as_pillow_has_them(tmp_path):
    for channels in (1, 3):
        image = slope(channels=channels)
        for suffix in ("png", "jpg"):
            file = str(tmp_path / f"{channels}.{suffix}")
            PIL.Image.fromarray(image).save(file)
            found = read_photo(file)
            assert found.notes == ()
            assert found.pixels.shape == (17, 22, channels)
            expected = np.asarray(PIL.Image.open(file))
            np.testing.assert_array_equal(found.pixels.squeeze(), expected)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_sixteen_bits_keep_them_in_gray_and_in_colour(tmp_path, channels):
    image = slope("uint16", channels).reshape(17, 22, channels)
    file = tmp_path / "deep.png"
    file.write_bytes(tf.io.encode_png(image).numpy())
    found = read_photo(str(file))
    expected = image if channels in (1, 3) else image[..., :-1]
    np.testing.assert_array_equal(found.pixels, expected)
    assert found.pixels.dtype == np.uint16
    assert found.notes == ((OPAQUE,) if channels in (2, 4) else ())


@pytest.mark.parametrize(
    ("suffix", "dtype"), [("png", "uint8"), ("png", "uint16"), ("jpg", "uint8")]
)
def test_photos_are_turned_as_their_tag_says(tmp_path, suffix, dtype):
    image = slope(dtype)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise
    stored = np.ascontiguousarray(np.rot90(image))
    options = {"quality": 100} if suffix == "jpg" else {}
    PIL.Image.fromarray(stored).save(tmp_path / f"a.{suffix}", exif=exif, **options)
    found = read_photo(str(tmp_path / f"a.{suffix}"))
    assert found.notes == (TURNED,)
    assert found.pixels.shape == (17, 22, 1)
    difference = found.pixels[..., 0].astype(int) - image
    assert np.abs(difference).max() <= (3 if suffix == "jpg" else 0)


def test_photos_with_a_preview_are_read(tmp_path):
    image, preview = slope(channels=3), PIL.Image.new("RGB", (4, 4))
    file = str(tmp_path / "camera.jpg")
    PIL.Image.fromarray(image).save(
        file, format="MPO", save_all=True, append_images=[preview], quality=100
    )
    found = read_photo(file)
    assert found.notes == (FIRST,)
    assert np.abs(found.pixels.astype(int) - image).max() < 9


def test_of_moving_pictures_the_first_is_read(tmp_path):
    images = [PIL.Image.fromarray(slope(most=most)) for most in (255, 200)]
    file = str(tmp_path / "moving.png")
    images[0].save(file, save_all=True, append_images=images[1:])
    found = read_photo(file)
    assert found.notes == (FIRST,)
    np.testing.assert_array_equal(found.pixels[..., 0], slope())


@pytest.mark.parametrize(
    ("mode", "suffix", "channels", "notes"),
    [
        ("1", "png", 1, ()),
        ("LA", "png", 1, (OPAQUE,)),
        ("RGBA", "png", 3, (OPAQUE,)),
        ("P", "png", 3, ()),
        ("CMYK", "jpg", 3, (FROM_CMYK,)),
    ],
)
def test_other_modes_become_gray_or_colours(tmp_path, mode, suffix, channels, notes):
    image = PIL.Image.fromarray(slope(channels=3)).convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(PIL.Image.fromarray(slope()))
    file = str(tmp_path / f"a.{suffix}")
    image.save(file)
    found = read_photo(file)
    assert (found.pixels.shape, found.notes) == ((17, 22, channels), notes)
    plain = PIL.Image.open(file).convert("RGB" if channels == 3 else "L")
    np.testing.assert_array_equal(found.pixels.squeeze(), np.asarray(plain))


def test_transparency_that_hides_nothing_is_not_mentioned(tmp_path):
    image = PIL.Image.fromarray(slope(channels=3)).convert("RGBA")
    image.save(tmp_path / "opaque.png")
    assert read_photo(str(tmp_path / "opaque.png")).notes == ()


@pytest.mark.parametrize("pillows", [1, None])
def test_the_limit_is_by_pixels_and_not_that_of_pillow(tmp_path, monkeypatch, pillows):
    PIL.Image.fromarray(slope()).save(tmp_path / "a.png")
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", pillows)
    monkeypatch.setattr("symclone_tf.data.decoded.MOST_FILE_PIXELS", 17 * 22)
    assert read_photo(str(tmp_path / "a.png")).pixels.size == 17 * 22
    monkeypatch.setattr("symclone_tf.data.decoded.MOST_FILE_PIXELS", 17 * 22 - 1)
    with pytest.raises(Unreadable, match="of more than 373 pixels"):
        read_photo(str(tmp_path / "a.png"))
