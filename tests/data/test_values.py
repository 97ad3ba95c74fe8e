"""Numbers of images as bytes, or as fractions of white."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.data.values import Range, Values, ranges_in


def scaled(*images):
    """The images at their common scale, its type, and what is said of it."""
    values = Values("mine")
    for number, image in enumerate(images):
        values.check(f"image {number}", image.dtype)
        values.add(f"image {number}", image.dtype, Range.of(image))
    scale, lines = values.scale()
    return [scale(image) for image in images], scale.dtype, lines


def of(dtype, *numbers):
    return np.array(numbers, dtype).reshape(1, -1, 1)


@pytest.mark.parametrize(
    ("most", "white"),
    [
        *((2, 255), (255, 255), (256, 1023), (1023, 1023), (1024, 4095)),
        *((4096, 16383), (16383, 16383), (16384, 65535), (65535, 65535)),
    ],
)
@pytest.mark.parametrize("dtype", ["uint16", "int64", "float32"])
def test_white_is_the_smallest_number_of_all_bits_that_holds_the_largest(
    dtype, most, white
):
    images, kind, lines = scaled(of(dtype, 0, 1, most), of(dtype, 3))
    assert kind == ("uint8" if white == 255 else "float32")
    expected = np.array([0, 1, most]) / white
    expected = 255 * expected if kind == "uint8" else expected.astype("float32")
    np.testing.assert_array_equal(images[0].ravel(), expected)
    if white > 255:
        image = "2 images of integers up to"
        assert lines == [f"{image} {float(most):g}: {float(white):g} is white"]


def test_bytes_stay_as_they_are_and_nothing_is_said():
    image = of("uint8", 0, 7, 255)
    images, dtype, lines = scaled(image, of("uint8", 0, 0))
    assert images[0] is image
    assert (dtype, lines) == ("uint8", [])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
def test_masks_of_zero_and_one_become_black_and_white(dtype):
    images, kind, lines = scaled(of(dtype, 0, 1), of(dtype, 0, 0), of(dtype, 1))
    assert [image.ravel().tolist() for image in images] == [[0, 255], [0, 0], [255]]
    assert kind == "uint8"
    assert lines == ["3 images with nothing but 0 and 1: 1 became white"]


def test_truth_values_become_black_and_white():
    images, kind, lines = scaled(of("bool", 0, 1))
    assert (images[0].ravel().tolist(), kind) == ([0, 255], "uint8")
    assert lines == ["1 image of truth values: false became black, true white"]


def test_images_that_become_almost_black_are_mentioned():
    _, _, lines = scaled(of("uint8", 0, 1), of("uint8", 0, 200))
    assert lines == [
        "1 of 2 images have nothing but 0 and 1, and others up to 200: these are "
        "almost black"
    ]
    _, _, lines = scaled(of("int32", 0, 3))
    assert lines == ["1 image of numbers up to 3, where 255 is white: almost black"]


@pytest.mark.parametrize(
    "numbers",
    [(-1024, 0, 3071), (0, 10, 70_000), (-5, -4), (7.5, 8.25, 900.5), (-0.5, 0.5)],
)
def test_any_other_numbers_go_from_the_smallest_to_the_largest_of_all(numbers):
    low, high = numbers[0], numbers[-1]
    dtype = "float64" if isinstance(low, float) else "int32"
    images, kind, lines = scaled(of(dtype, *numbers), of(dtype, high))
    expected = (np.array(numbers) - low) / (high - low)
    np.testing.assert_allclose(images[0].ravel(), expected, rtol=1e-6)
    np.testing.assert_array_equal(images[1], 1)
    assert kind == "float32"
    assert lines == [
        f"2 images of numbers from {float(low):g} to {float(high):g}: the smallest "
        "became black, the largest white"
    ]


def test_images_of_one_number_alone_are_black():
    images, _, _ = scaled(of("int16", -7, -7), of("int16", -7))
    assert not np.concatenate([image.ravel() for image in images]).any()


def test_fractions_stay_or_become_bytes_where_they_are_255ths():
    fractions = of("float64", 0, 0.1234, 1)
    images, kind, lines = scaled(fractions)
    np.testing.assert_array_equal(images[0], fractions.astype("float32"))
    assert (kind, lines) == ("float32", [])
    images, kind, lines = scaled(of("float32", 0, 17 / 255, 1))
    assert (images[0].ravel().tolist(), kind, lines) == ([0, 17, 255], "uint8", [])


def test_each_kind_has_a_white_of_its_own():
    images, kind, lines = scaled(
        of("uint8", 0, 255), of("uint16", 0, 4000), of("bool", 1)
    )
    assert kind == "float32"
    assert [float(image.max()) for image in images] == pytest.approx(
        [1, 4000 / 4095, 1]
    )
    assert "1 image of bytes, among others: 255 became 1" in lines


def test_numbers_that_are_none_are_counted_and_refused():
    good, bad = of("float32", 0, 1), of("float32", np.nan, 1, np.inf)
    with pytest.raises(sc.DataError) as error:
        scaled(good, bad, of("float32", np.nan))
    assert str(error.value) == (
        "mine: 3 pixels are not numbers, but NaN or infinite, in 2 images, the first "
        "of them image 1: replace them"
    )


@pytest.mark.parametrize("dtype", ["complex64", "object", "U1", "datetime64[s]"])
def test_what_is_no_number_is_refused(dtype):
    with pytest.raises(sc.DataError, match="mine: x must have numbers as pixels"):
        Values("mine").check("x", np.dtype(dtype))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "bool"])
def test_ranges_of_an_array_are_those_of_its_images(rng, monkeypatch, dtype):
    monkeypatch.setattr("symclone_tf.data.values.AT_A_TIME", 4)
    images = rng.integers(-3 if dtype == "int16" else 0, 9, size=(10, 5, 6, 1))
    images[:3] = rng.integers(2, size=(3, 5, 6, 1))
    images = images.astype(dtype)
    one_by_one, together = Range.of(images[0]), None
    for image in images[1:]:
        one_by_one += Range.of(image)
    for found in ranges_in(images):
        together = found if together is None else together + found
    assert together == one_by_one
    assert one_by_one.images == 10
