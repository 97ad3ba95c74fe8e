"""Students by name."""

import inspect

import keras

from symclone_tf.checks import one_of
from symclone_tf.students.attention import AttentionStudent
from symclone_tf.students.base import STUDENTS, Student
from symclone_tf.students.dense import DenseStudent
from symclone_tf.students.locally_connected import LocalStudent
from symclone_tf.students.mixer import MixerStudent

# Registered, since they are imported.
BUILT_IN = (DenseStudent, LocalStudent, MixerStudent, AttentionStudent)


def get_student(name) -> type[Student]:
    """The class of a registered name.

    Args:
        name: String, `"dense"`, `"local"`, `"mixer"`, `"attention"` or what
            `Student.register` was given.

    Raises:
        ValueError: If there is none of this name.

    Example:

    >>> get_student("local") is LocalStudent
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
