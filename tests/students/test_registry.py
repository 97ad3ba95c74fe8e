import pytest

from symclone_tf.students.base import Student
from symclone_tf.students.dense import DenseStudent
from symclone_tf.students.registry import get_student, make_student, student_options
from symclone_tf.teachers import ConvTeacher

TEACHER = ConvTeacher("c4", 6)


def test_students_are_made_by_name():
    student = make_student("dense", TEACHER, blocks=7, hidden_units=(4,), seed=1)
    assert isinstance(student, get_student("dense"))
    assert student.teacher == TEACHER
    assert (student.blocks, student.hidden_units, student.seed) == (7, (4,), 1)


def test_regional_students_are_made_by_name():
    assert make_student("regional", TEACHER, regions=(2, 3)).regions == (2, 3)
    assert make_student("regional", TEACHER, regions=None).regions == (2, 2)
    with pytest.raises(ValueError, match="`regions` is not for `student` local"):
        make_student("local", TEACHER, regions=2)


def test_options_that_are_not_given_are_the_students_defaults():
    student = make_student("dense", TEACHER, blocks=None, hidden_units=())
    assert (student.blocks, student.hidden_units) == (9, ())


def test_options_are_a_students_own():
    student = DenseStudent(TEACHER, seed=3, name="mine", dtype="float32")
    assert student_options(student) == {
        "blocks": 9,
        "seed": 3,
        "hidden_units": [],
        "activation": "relu",
    }


def test_names_that_are_not_registered_are_refused():
    with pytest.raises(ValueError, match=r"`student` must be one of .*dense.*=sparse"):
        make_student("sparse", TEACHER)


def test_options_of_other_students_are_refused():
    with pytest.raises(ValueError, match="`width` is not for `student` dense"):
        make_student("dense", TEACHER, width=4)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("build_blocks", ()),
        ("block_outputs", (None,)),
        ("sum_of_blocks", (None,)),
        ("coordinates", (None,)),
        ("assign_coordinates", ((),)),
        ("plain_sum", (1,)),
        ("plain_blocks", (1,)),
    ],
)
def test_methods_that_a_student_lacks_say_so(method, arguments):
    class Bare(Student):
        pass

    with pytest.raises(TypeError, match="Bare "):
        getattr(Bare(TEACHER), method)(*arguments)
    with pytest.raises(TypeError, match="Bare must have `block_parameters`"):
        _ = Bare(TEACHER).parameters
    assert not Bare(TEACHER).is_exact
