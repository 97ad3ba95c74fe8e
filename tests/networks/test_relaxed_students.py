"""The kind of student that relaxes a convolution is the one that pays."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.networks.relaxed_students import (
    clone_in_closed_form,
    relaxed_student,
)
from symclone_tf.symmetry import PointGroup
from symclone_tf.teachers import TranslationConvTeacher, TransposedConvTeacher

SMALL, LARGE = sc.ConvTeacher("t2", 17), sc.ConvTeacher("t2", 18)


def test_convolutions_with_many_outputs_get_regions_others_a_local_student():
    assert relaxed_student([SMALL]).kind == "local"
    assert relaxed_student([LARGE]).kind == "regional"
    assert relaxed_student([TransposedConvTeacher((18, 18))]).kind == "local"


def test_given_regions_and_any_size_ask_for_regional_students():
    assert relaxed_student([SMALL], regions=3).regions == (3, 3)
    assert relaxed_student([SMALL], any_size=True).regions == (4, 4)
    assert relaxed_student([TranslationConvTeacher(9)], regions=2).regions == (2,)


def test_no_more_regions_than_outputs_are_taken():
    teacher = sc.ConvTeacher("t2", image_size=(5, 9))
    assert relaxed_student([teacher], "regional", 4).regions == (3, 4)
    assert relaxed_student([teacher], "regional", (1, 9)).regions == (1, 7)


def test_several_sizes_ask_for_regions_that_all_of_them_have():
    assert relaxed_student([LARGE, SMALL]).regions == (4, 4)
    small = sc.ConvTeacher("t2", image_size=7)
    assert relaxed_student([LARGE, small]).regions == (2, 2)
    assert relaxed_student([LARGE, small], regions=(3, 8)).regions == (3, 5)
    with pytest.raises(ValueError, match="of several sizes, 18×18 and 7×7, and its cl"):
        relaxed_student([LARGE, small], "local")


def test_what_has_no_such_student_is_refused_with_the_reason():
    transposed = TransposedConvTeacher((6, 6))
    for teacher, options, message in (
        (transposed, {"any_size": True}, "its clone, local, takes inputs of one size"),
        (transposed, {"student": "regional"}, "`student` regional is for convolutions"),
        (SMALL, {"regions": (1, 2, 3)}, "one for each axis, of which there are 2"),
    ):
        with pytest.raises(ValueError, match=message):
            relaxed_student([teacher], **options)


def test_groups_of_ones_own_have_regional_students_too():
    """They have no name by which their teacher could be made again."""
    group = PointGroup("v4", "V4", (((-1, 0), (0, 1)), ((1, 0), (0, -1))))
    teacher = sc.ConvTeacher(group, image_size=40)
    student = relaxed_student([teacher])
    clone_in_closed_form(student)
    assert student.teacher == teacher
    assert sc.nmse(student, images=2, kernels=4) < 1e-10


@pytest.mark.parametrize(
    "teacher",
    [
        sc.ConvTeacher("t2", (60, 40), padding="same"),
        sc.ConvTeacher("t2", 61, kernel_size=5, strides=2, padding="same"),
        sc.ConvTeacher("c4", 40, dilation_rate=2),
        TranslationConvTeacher(100, padding="causal", dilation_rate=2),
    ],
    ids=lambda teacher: teacher.name,
)
def test_weights_that_are_found_for_small_inputs_serve_large_ones(teacher):
    student = relaxed_student([teacher], any_size=True)
    clone_in_closed_form(student)
    assert student.teacher == teacher
    assert sc.nmse(student, images=2, kernels=4) < 1e-10
    whole = relaxed_student([teacher], any_size=True)
    sc.cloning.solve(whole)
    # Blocks may differ by a rotation among them, the kernels that they make not.
    kernel = np.random.default_rng(0).normal(size=(*teacher.kernel_shape, 2, 3))
    inputs = np.random.default_rng(1).normal(size=(1, *teacher.input_shape, 2))
    kernel, inputs = kernel.astype("float32"), inputs.astype("float32")
    np.testing.assert_allclose(
        student(inputs, kernel), whole(inputs, kernel), atol=1e-4
    )
