import numpy as np
import pytest

import symclone_tf as sc

from cases import CASES
from clones import dense


@CASES
@pytest.mark.parametrize("make", [sc.DenseStudent, sc.LocallyConnectedStudent])
def test_shape_of_outputs_is_known_before_them(group, lifting, make):
    student = make(sc.ConvTeacher(group, 5, lifting=lifting), seed=0)
    image, kernel = student.input_shapes((4,), (6,))
    expected = student.compute_output_shape((2, *image), kernel)
    assert not student.built
    assert student(np.ones((2, *image)), np.ones(kernel)).shape == expected


def test_shapes_without_channels_are_those_of_one_pair():
    student = dense("c4", lifting=False, image_size=6)
    assert student.input_shapes() == ((6, 6, 4), (3, 3, 4))


def test_groups_of_channels_share_the_filters():
    student = dense("c4", image_size=6)
    expected = (2, 4, 4, 4, 6)
    assert student.compute_output_shape((2, 6, 6, 4), (3, 3, 2, 6)) == expected


@pytest.mark.parametrize(
    ("inputs", "kernel", "message"),
    [
        (
            (2, 7, 7, 1),
            (3, 3, 1, 2),
            r"inputs of shape \(batch, 6, 6, channels\).*7, 7",
        ),
        ((2, 6, 6), (3, 3, 1, 2), "takes inputs of shape"),
        ((2, 6, 6, 1), (5, 5, 1, 2), r"kernel of shape \(3, 3, channels, filters\)"),
        ((2, 6, 6, 3), (3, 3, 2, 2), "same number of channels"),
        ((2, 6, 6, 3), (3, 3, 1, 2), "share the filters evenly"),
        ((2, 6, 6, 1), (3, 3, 0, 2), r"kernel of shape \(3, 3, 0, 2\)"),
        ((2, 6, 6, 0), (3, 3, 1, 2), r"inputs of shape \(2, 6, 6, 0\)"),
    ],
)
def test_other_shapes_are_refused(inputs, kernel, message):
    student = dense("c4", image_size=6)
    with pytest.raises(ValueError, match=message):
        student(np.zeros(inputs), np.zeros(kernel))
    with pytest.raises(ValueError, match=message):
        student.compute_output_shape(inputs, kernel)


class TestFreeAxes:
    """Axes along which inputs may have any size, as of regional students."""

    STUDENT = sc.students.RegionalStudent(sc.ConvTeacher("c4", 8, lifting=False), 2)

    def test_are_those_of_the_windows(self):
        assert self.STUDENT.free_axes == 2
        assert dense("c4", image_size=6).free_axes == 0
        local = sc.LocallyConnectedStudent(sc.ConvTeacher("c4", 6))
        assert local.free_axes == 0

    def test_teacher_is_that_of_the_size(self):
        assert self.STUDENT.teacher_at((8, 8)) is self.STUDENT.teacher
        resized = sc.ConvTeacher("c4", 11, lifting=False)
        assert self.STUDENT.teacher_at((11, 11)) == resized
        assert self.STUDENT.teacher_at((None, 11)) is None
        assert dense("c4", image_size=6).teacher_at(()) is not None

    @pytest.mark.parametrize(
        ("sizes", "expected"),
        [
            ((8, 8), (6, 6)),
            ((11, 11), (9, 9)),
            ((3, 3), (1, 1)),  # fewer than regions
            ((None, None), (None, None)),
            ((None, 11), (None, 9)),
        ],
    )
    def test_shape_of_outputs_is_known_before_them(self, sizes, expected):
        kernel = (3, 3, 4, 2, 5)
        found = self.STUDENT.compute_output_shape((None, *sizes, 4, 2), kernel)
        assert found == (None, *expected, 4, 5)

    @pytest.mark.parametrize(
        ("inputs", "message"),
        [
            ((2, 9, 9, 3, 1), r"\(batch, any size, any size, 4, channels\).*9, 9, 3"),
            ((2, 9, 9, 4), r"shape \(batch, any size, any size, 4, channels\)"),
            ((2, 2, 2, 4, 1), "`kernel_size` must not exceed `image_size`"),
            ((2, 8, 9, 4, 1), "`image_size` must be the same along"),
        ],
    )
    def test_other_shapes_are_refused(self, inputs, message):
        with pytest.raises(ValueError, match=message):
            self.STUDENT.compute_output_shape(inputs, (3, 3, 4, 1, 2))
