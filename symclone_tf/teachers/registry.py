"""Teachers by name, and their serialization to plain values."""

from collections.abc import Mapping
from typing import Any

from symclone_tf.checks import one_of
from symclone_tf.earlier import teacher_values
from symclone_tf.teachers.base import TEACHERS, Teacher
from symclone_tf.teachers.conv_teacher import ConvTeacher
from symclone_tf.teachers.copies_conv_teacher import CopiesConvTeacher
from symclone_tf.teachers.function_teacher import FunctionTeacher
from symclone_tf.teachers.orbit_teacher import OrbitTeacher
from symclone_tf.teachers.translation_conv_teacher import TranslationConvTeacher
from symclone_tf.teachers.transposed_conv_teacher import TransposedConvTeacher
from symclone_tf.teachers.volume_conv_teacher import VolumeConvTeacher

# Importing them registers them.
BUILT_IN = (
    ConvTeacher,
    CopiesConvTeacher,
    FunctionTeacher,
    OrbitTeacher,
    TranslationConvTeacher,
    TransposedConvTeacher,
    VolumeConvTeacher,
)


def get_teacher(name: str) -> type[Teacher]:
    """Returns the teacher class with a registered name.

    Args:
        name: String, `"conv"`, `"copies"`, `"function"`, `"orbit"`, `"translations"`,
            `"transposed"`, `"volume"`, or a name given to `Teacher.register`.

    Returns:
        Subclass of `Teacher`.

    Raises:
        ValueError: If no teacher of this name is registered.

    Example:

    >>> get_teacher("conv") is ConvTeacher
    True
    """
    one_of("teacher", name, sorted(TEACHERS))
    return TEACHERS[name]


def serialize_teacher(teacher: Teacher) -> dict[str, Any]:
    """Serializes a teacher as its registered name and configuration.

    Args:
        teacher: `Teacher`.

    Returns:
        Dictionary of a `name` and a `config`.

    Raises:
        ValueError: If its class is not registered, or its configuration does not
            recreate it.

    Example:

    >>> serialize_teacher(ConvTeacher("t2", 6))["name"]
    'conv'
    """
    if teacher.kind is None or TEACHERS.get(teacher.kind) is not type(teacher):
        raise ValueError(
            "Only teachers of registered classes can be saved: decorate the class "
            'with @Teacher.register("name"). '
            f"Received: teacher of type {type(teacher).__name__}"
        )
    values = {"name": teacher.kind, "config": teacher.get_config()}
    if deserialize_teacher(values) != teacher:
        raise ValueError(
            "A teacher must equal the one recreated from its configuration. "
            f"Received: teacher {teacher!r}, whose configuration recreates another"
        )
    return values


def deserialize_teacher(values: Mapping[str, Any]) -> Teacher:
    """Recreates a teacher from the values that `serialize_teacher` returned.

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
    current = teacher_values(values)
    return get_teacher(current["name"]).from_config(current["config"])
