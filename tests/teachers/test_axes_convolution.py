"""Sizes along one to three axes are checked, named and written down alike."""

import pytest

import symclone_tf as sc
from symclone_tf.teachers.axes_convolution import (
    AxesConvTeacher,
    plain_sizes,
    short_sizes,
)

BOTH = (sc.teachers.TranslationConvTeacher, sc.teachers.TransposedConvTeacher)


@pytest.mark.parametrize("kind", BOTH)
def test_convolutions_and_transposed_ones_have_the_same_axes(kind):
    teacher = kind((8, 6), (3, 2), "same", strides=(2, 1))
    assert isinstance(teacher, AxesConvTeacher)
    assert teacher.kernel_size == teacher.kernel_shape == (3, 2)
    assert teacher.extent == (3, 2)
    assert teacher.name.endswith("8x6-k3x2-same-s2x1")
    assert kind(**teacher.get_config()) == teacher
    assert "8×6" in teacher.title
    assert "2×1" in teacher.title
    assert kind(9, 3, dilation_rate=2).extent == (5,)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": (4, 4, 4, 4)}, "shape's number of axes"),
        ({"shape": (4, 0)}, "`shape` must be a positive integer, or one for each axis"),
        ({"shape": 8, "kernel_size": (3, 3)}, "`kernel_size` must be a positive"),
        ({"shape": 8, "strides": 2, "dilation_rate": 2}, "`strides` must be 1 where"),
    ],
)
def test_other_axes_are_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


def test_sizes_are_written_in_short():
    assert (plain_sizes((3,)), plain_sizes((3, 4))) == (3, [3, 4])
    assert (short_sizes((3, 3)), short_sizes((3, 4))) == ("3", "3x4")
    assert short_sizes((3, 4), "×") == "3×4"
