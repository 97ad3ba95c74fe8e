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
