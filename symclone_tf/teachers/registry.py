"""Teachers by name, and as plain values."""

from symclone_tf.checks import one_of
from symclone_tf.earlier import teacher_values
from symclone_tf.teachers.base import TEACHERS, Teacher
from symclone_tf.teachers.conv_teacher import ConvTeacher
from symclone_tf.teachers.function_teacher import FunctionTeacher
from symclone_tf.teachers.orbit_teacher import OrbitTeacher
from symclone_tf.teachers.translation_conv_teacher import TranslationConvTeacher

# Registered, since they are imported.
BUILT_IN = (ConvTeacher, FunctionTeacher, OrbitTeacher, TranslationConvTeacher)


def get_teacher(name) -> type[Teacher]:
    """The class of a registered name.

    Args:
        name: String, `"conv"`, `"function"`, `"orbit"`, `"translations"`, or what
            `Teacher.register` was given.

    Returns:
        Class, of `Teacher`.

    Raises:
        ValueError: If there is none of this name.

    Example:

    >>> get_teacher("conv") is ConvTeacher
    True
    """
    one_of("teacher", name, sorted(TEACHERS))
    return TEACHERS[name]


def serialize_teacher(teacher) -> dict:
    """A teacher as plain values, by its registered name.

    Args:
        teacher: `Teacher`.

    Returns:
        Dictionary of a `name` and a `config`.

    Raises:
        ValueError: If its class is not registered, or these values would not
            give it back.

    Example:

    >>> serialize_teacher(ConvTeacher("t2", 6))["name"]
    'conv'
    """
    if TEACHERS.get(teacher.kind) is not type(teacher):
        raise ValueError(
            "Only teachers of registered classes can be saved: decorate the class "
            'with @Teacher.register("name"). '
            f"Received: teacher of type {type(teacher).__name__}"
        )
    values = {"name": teacher.kind, "config": teacher.get_config()}
    if deserialize_teacher(values) != teacher:
        raise ValueError(
            "A teacher must be what its configuration says. "
            f"Received: teacher {teacher!r}, whose configuration gives another"
        )
    return values


def deserialize_teacher(values) -> Teacher:
    """The teacher of what `serialize_teacher` has returned.

    Args:
        values: Dictionary of a `name` and a `config`.

    Returns:
        `Teacher`.

    Raises:
        ValueError: If no teacher of this name is registered.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=8)
    >>> deserialize_teacher(serialize_teacher(teacher)) == teacher
    True
    """
    values = teacher_values(values)
    return get_teacher(values["name"]).from_config(values["config"])
