"""The geometry of a convolution is known from windows, or from receptive fields."""

import pytest

import symclone_tf as sc
from symclone_tf.students.convolution_geometry import (
    geometry_of,
    grid_of,
    relative_field_of,
)
from symclone_tf.symmetry import symmetric
from symclone_tf.teachers import OrbitTeacher, TranslationConvTeacher


def pairs_of_pixels(images, kernel):
    """A convolution of 1×2 pixels, as a function."""
    left, right = images[:, :, :-1], images[:, :, 1:]
    return left @ kernel[0] + right @ kernel[1]


@pytest.mark.parametrize(
    ("teacher", "geometry", "grid"),
    [
        (sc.ConvTeacher("c4", 9, strides=2), ((2, 2), "valid", (1, 1)), (9, 9)),
        (
            sc.ConvTeacher("t2", (8, 6), padding="same"),
            ((1, 1), "same", (1, 1)),
            (8, 6),
        ),
        (
            TranslationConvTeacher(9, padding="causal", dilation_rate=2),
            ((1,), [(4, 0)], (2,)),
            (9,),
        ),
        (
            TranslationConvTeacher((4, 5, 6), strides=(1, 2, 1)),
            ((1, 2, 1), "valid", (1, 1, 1)),
            (4, 5, 6),
        ),
    ],
    ids=str,
)
def test_convolutions_have_that_of_their_windows(teacher, geometry, grid):
    assert geometry_of(teacher) == geometry
    assert grid_of(teacher) == grid


def test_functions_have_that_of_the_receptive_fields_that_are_found():
    teacher = sc.FunctionTeacher(pairs_of_pixels, (4, 5), (2,), (4, 4))
    assert teacher.windows is None
    assert geometry_of(teacher) == ((1, 1), "valid", (1, 1))
    assert grid_of(teacher) == (4, 5)


def test_others_have_none():
    with pytest.raises(ValueError, match="has no relative receptive field"):
        relative_field_of(OrbitTeacher(symmetric(5)))
