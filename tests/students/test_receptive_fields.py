import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.students.receptive_fields import (
    _greedy,
    colours_of,
    receptive_field_size_of,
    receptive_fields_of,
)
from symclone_tf.teachers import ConvTeacher

from cases import CASES
from toys import Web, WithoutReceptiveFields


@CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_teachers_that_declare_none_are_evaluated(group, lifting, padding):
    arguments = (group, 6, 3, lifting, padding)
    declared = receptive_fields_of(ConvTeacher(*arguments))
    evaluated = receptive_fields_of(WithoutReceptiveFields(*arguments))
    for mine, theirs in zip(declared, evaluated, strict=True):
        assert sorted(mine[mine >= 0]) == sorted(theirs[theirs >= 0])
    size, evaluated_size = (
        receptive_field_size_of(make(*arguments))
        for make in (ConvTeacher, WithoutReceptiveFields)
    )
    assert size == evaluated_size


def test_teachers_with_too_many_positions_are_not_evaluated():
    with pytest.raises(
        MemoryError, match=r"too many positions to be evaluated.*50176 × 49284"
    ):
        receptive_fields_of(WithoutReceptiveFields("t2", 224))


def have_no_colour_twice(fields, colours):
    for positions in fields:
        mine = colours[positions[positions >= 0]]
        if len(set(mine)) < len(mine):
            return False
    return True


@CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel_size", [1, 2, 3])
def test_no_receptive_field_has_a_colour_twice(group, lifting, padding, kernel_size):
    if padding == "same" and kernel_size == 2:
        return
    teacher = ConvTeacher(group, 7, kernel_size, lifting, padding)
    colours = colours_of(teacher)
    assert set(colours) == set(range(kernel_size**2))
    assert have_no_colour_twice(receptive_fields_of(teacher), colours)


def test_irregular_receptive_fields_are_coloured_too():
    colours = colours_of(Web())
    assert len(colours) == 6
    assert have_no_colour_twice(Web.receptive_fields, colours)
    greedy = _greedy(Web.receptive_fields, 6)
    assert have_no_colour_twice(Web.receptive_fields, greedy)
    assert greedy.max() + 1 <= 4


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (np.zeros((3, 2), int), r"shape \(4, r\).*int64 of shape \(3, 2\)"),
        (np.full((4, 2), 6), "from -1 to 5. Received.*from 6 to 6"),
        (np.full((4, 2), -2), "from -1 to 5. Received.*from -2 to -2"),
        (np.zeros((4, 2)), "float64 of shape"),
        (np.zeros(4, int), r"of shape \(4,\)"),
        (np.zeros((4, 0), int), r"of shape \(4, 0\)"),
    ],
)
def test_receptive_fields_that_do_not_fit_are_refused_at_once(declared, message):
    class Odd(Web):
        title = "odd"
        receptive_fields = declared

    with pytest.raises(ValueError, match=message):
        sc.LocallyConnectedStudent(Odd())
