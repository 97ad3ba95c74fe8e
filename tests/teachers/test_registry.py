import pytest

from symclone_tf.symmetry import PointGroup
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.conv_teacher import ConvTeacher
from symclone_tf.teachers.registry import (
    deserialize_teacher,
    get_teacher,
    serialize_teacher,
)


def test_teachers_are_recreated_from_plain_values():
    teacher = ConvTeacher("d4", 9, lifting=False)
    values = serialize_teacher(teacher)
    assert values == {"name": "conv", "config": teacher.get_config()}
    assert deserialize_teacher(values) == teacher


def test_names_that_are_not_registered_are_refused():
    with pytest.raises(
        ValueError,
        match=r"`teacher` must be one of conv, copies, .*, translations.*=web",
    ):
        get_teacher("web")


def test_subclasses_have_to_be_registered_themselves():
    class Other(ConvTeacher):
        pass

    with pytest.raises(ValueError, match=r"Only teachers of registered classes.*Other"):
        serialize_teacher(Other("t2", 5))


@pytest.mark.parametrize(
    ("name", "message"),
    [("v4", "`group` must be t2, flip, cN"), ("c4", "configuration recreates another")],
)
def test_groups_that_are_not_built_in_are_refused(name, message):
    reflections = PointGroup(name, "V4", (((-1, 0), (0, 1)), ((1, 0), (0, -1))))
    with pytest.raises(ValueError, match=message):
        serialize_teacher(ConvTeacher(reflections, 8))


def test_teachers_with_attributes_that_are_not_configured_equal_no_other():
    class WithAttribute(Teacher):
        def __init__(self, attribute=1):
            self.attribute = attribute

    class WithoutAttributes(Teacher):
        pass

    teacher = WithAttribute()
    assert teacher == teacher
    assert teacher != WithAttribute()
    assert len({teacher, WithAttribute(2)}) == 2
    assert WithoutAttributes() == WithoutAttributes()


def test_a_teacher_without_a_call_says_what_to_implement_and_has_defaults():
    class Minimal(Teacher):
        positions_in = positions_out = representation_in = representation_out = 1
        kernel_shape = (1,)

    with pytest.raises(TypeError, match="Minimal must implement `__call__`"):
        Minimal()(None, None)
    assert Minimal().rank == 1
    assert Minimal().receptive_fields is None
    assert list(Minimal().transformations()) == []
