import pytest

from symclone_tf.symmetry import PointGroup
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.conv_teacher import ConvTeacher
from symclone_tf.teachers.registry import (
    deserialize_teacher,
    get_teacher,
    serialize_teacher,
)


def test_teachers_come_back_from_plain_values():
    teacher = ConvTeacher("d4", 9, lifting=False)
    values = serialize_teacher(teacher)
    assert values == {"name": "conv", "config": teacher.get_config()}
    assert deserialize_teacher(values) == teacher


def test_names_that_nobody_registered_are_refused():
    with pytest.raises(
        ValueError,
        match=r"`teacher` must be one of conv, function, orbit, .*translations.*=web",
    ):
        get_teacher("web")


def test_subclasses_have_to_be_registered_themselves():
    class Other(ConvTeacher):
        pass

    with pytest.raises(ValueError, match=r"Only teachers of registered classes.*Other"):
        serialize_teacher(Other("t2", 5))


@pytest.mark.parametrize(
    ("name", "message"), [("v4", "`group` must be one of"), ("c4", "gives another")]
)
def test_groups_that_are_not_found_again_are_refused(name, message):
    mirrors = PointGroup(name, "V4", (((-1, 0), (0, 1)), ((1, 0), (0, -1))))
    with pytest.raises(ValueError, match=message):
        serialize_teacher(ConvTeacher(mirrors, 8))


def test_teachers_that_do_not_say_what_they_hold_are_like_no_other():
    class Holding(Teacher):
        def __init__(self, held=1):
            self.held = held

    class Bare(Teacher):
        pass

    one = Holding()
    assert one == one
    assert one != Holding()
    assert len({one, Holding(2)}) == 2
    assert Bare() == Bare()


def test_what_a_teacher_has_not_said_is_asked_for():
    class Silent(Teacher):
        positions_in = positions_out = representation_in = representation_out = 1
        kernel_shape = (1,)

    with pytest.raises(TypeError, match="Silent must compute in `__call__`"):
        Silent()(None, None)
    assert Silent().rank == 1
    assert Silent().receptive_fields is None
    assert list(Silent().transformations()) == []
