"""Students by name."""

import inspect

import keras

from symclone_tf.checks import one_of
from symclone_tf.earlier import CLASSES
from symclone_tf.students.attention import AttentionStudent
from symclone_tf.students.base import STUDENTS, Student
from symclone_tf.students.dense import DenseStudent
from symclone_tf.students.locally_connected import LocallyConnectedStudent
from symclone_tf.students.mixer import MixerStudent

for _earlier, _now in CLASSES.items():
    keras.saving.get_custom_objects()[f"symclone_tf>{_earlier}"] = globals()[_now]

# Registered, since they are imported.
BUILT_IN = (DenseStudent, LocallyConnectedStudent, MixerStudent, AttentionStudent)
# The kind of students that names of artifacts do not name.
DEFAULT = "dense"


def get_student(name) -> type[Student]:
    """The class of a registered name.

    Args:
        name: String, `"dense"`, `"local"`, `"mixer"`, `"attention"` or what
            `Student.register` was given.

    Raises:
        ValueError: If there is none of this name.

    Example:

    >>> get_student("local") is LocallyConnectedStudent
    True
    """
    one_of("student", name, STUDENTS)
    return STUDENTS[name]


def make_student(name, teacher, **options) -> Student:
    """A student of a registered name, not yet built.

    Args:
        name: String, `"dense"`, `"local"`, `"mixer"`, `"attention"` or what
            `Student.register` was given.
        teacher: `Teacher`.
        **options: Of the class. Those that are `None` or empty are left to it.

    Raises:
        ValueError: If there is no such student, or an option is not for it.

    Example:

    >>> make_student("dense", ConvTeacher("t2", 6), blocks=4).blocks
    4
    """
    cls = get_student(name)
    options = {k: v for k, v in options.items() if v is not None and v != ()}
    accepted = set(inspect.signature(cls.__init__).parameters) | {"name", "dtype"}
    for option, value in options.items():
        if option not in accepted:
            raise ValueError(
                f"`{option}` is not for `student` {name}. Received: {option}={value}"
            )
    return cls(teacher, **options)


def student_options(student) -> dict:
    """What a student's configuration adds to its teacher's, as plain values.

    Args:
        student: `Student`.

    Returns:
        Dictionary.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 6), blocks=4)
    >>> student_options(student)["blocks"]
    4
    """
    common = {*keras.layers.Layer().get_config(), "teacher"}
    config = student.get_config()
    return {name: value for name, value in config.items() if name not in common}


def artifact_name(student) -> str:
    """The name that an artifact of this student gets.

    The teacher's, then the kind of student, and what is not the default of it.

    Example:

    >>> artifact_name(DenseStudent(ConvTeacher("c4", image_size=12), blocks=7))
    'c4-lifting-12x12-k3-b7'
    """
    kind = [student.kind] if student.kind != DEFAULT else []
    return "-".join([student.teacher.name, *map(str, kind), *student.traits])
