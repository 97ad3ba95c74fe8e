"""Students by name."""

import inspect
from typing import Any

import keras

from symclone_tf.checks import one_of
from symclone_tf.earlier import STUDENTS_REMOVED
from symclone_tf.students.attention import AttentionStudent
from symclone_tf.students.base import STUDENTS, Student
from symclone_tf.students.dense import DenseStudent
from symclone_tf.students.locally_connected import LocallyConnectedStudent
from symclone_tf.students.regional import RegionalStudent
from symclone_tf.students.relative_attention import RelativeAttentionStudent
from symclone_tf.teachers import Teacher

# Importing a class registers it.
BUILT_IN = (
    DenseStudent,
    LocallyConnectedStudent,
    RegionalStudent,
    AttentionStudent,
    RelativeAttentionStudent,
)
# The kind of student that the names of artifacts leave out.
DEFAULT = "dense"


@keras.saving.register_keras_serializable("symclone_tf")
class LocalStudent(LocallyConnectedStudent):
    """A `LocallyConnectedStudent` while a file of version 0.2 is read.

    Keras names the weights of a network's layers after their classes, not after the
    names that these are registered by: so the class has its earlier name until its
    weights are found.
    """

    def load_own_variables(self, store: Any) -> None:
        super().load_own_variables(store)
        # Past `Layer.__setattr__`; both classes have the same attributes.
        object.__setattr__(self, "__class__", LocallyConnectedStudent)


@keras.saving.register_keras_serializable("symclone_tf")
class MixerStudent(keras.layers.Layer):
    """What a file of version 0.2 names where it has a student that was removed."""

    @classmethod
    def from_config(cls, config: dict) -> "MixerStudent":
        raise ValueError(f"{STUDENTS_REMOVED['mixer']}.")


def get_student(name: str) -> type[Student]:
    """The class of a registered name.

    Args:
        name: String, `"dense"`, `"local"`, `"regional"`, `"attention"`,
            `"relative-attention"` or a name registered by `Student.register`.

    Returns:
        Subclass of `Student`.

    Raises:
        ValueError: If no class is registered by this name, or it was removed.

    Example:

    >>> get_student("local") is LocallyConnectedStudent
    True
    """
    if name in STUDENTS_REMOVED:
        raise ValueError(f"{STUDENTS_REMOVED[name]}. Received: student={name}")
    one_of("student", name, STUDENTS)
    return STUDENTS[name]


def make_student(name: str, teacher: Teacher, **options: Any) -> Student:
    """A student of a registered name, not yet built.

    Args:
        name: String, `"dense"`, `"local"`, `"regional"`, `"attention"`,
            `"relative-attention"` or a name registered by `Student.register`.
        teacher: `Teacher`.
        **options: Of the class. For those that are `None` or empty, the class has
            defaults.

    Returns:
        `Student`.

    Raises:
        ValueError: If there is no such student, or the class does not accept an
            option.

    Example:

    >>> make_student("dense", ConvTeacher("t2", 6), blocks=4).blocks
    4
    """
    cls = get_student(name)
    options = {
        name: value
        for name, value in options.items()
        if value is not None and (not isinstance(value, tuple) or value)
    }
    accepted = set(inspect.signature(cls.__init__).parameters) | {"name", "dtype"}
    for option, value in options.items():
        if option not in accepted:
            raise ValueError(
                f"`{option}` is not for `student` {name}. Received: {option}={value}"
            )
    return cls(teacher, **options)


def student_options(student: Student) -> dict[str, Any]:
    """A student's own options, without its teacher and those of every Keras layer.

    Args:
        student: `Student`.

    Returns:
        Dictionary of plain values.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 6), blocks=4)
    >>> student_options(student)["blocks"]
    4
    """
    common = {*keras.layers.Layer().get_config(), "teacher"}
    config = student.get_config()
    return {name: value for name, value in config.items() if name not in common}


def artifact_name(student: Student) -> str:
    """The name of a student's artifact.

    The teacher's name, followed by the kind of student and its options, where these
    are not the defaults.

    Args:
        student: `Student`.

    Returns:
        String.

    Example:

    >>> artifact_name(DenseStudent(ConvTeacher("c4", image_size=12), blocks=7))
    'c4-lifting-12x12-k3-b7'
    """
    kind = [student.kind] if student.kind != DEFAULT else []
    return "-".join([student.teacher.name, *map(str, kind), *student.traits])
