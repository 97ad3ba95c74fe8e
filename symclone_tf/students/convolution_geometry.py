"""The convolution that translation equivariant blocks of a teacher's student are."""

from typing import Any

from symclone_tf.students.relative_fields import (
    RelativeReceptiveField,
    relative_receptive_field,
)
from symclone_tf.teachers import Teacher


def geometry_of(teacher: Teacher) -> tuple[tuple[int, ...], Any, tuple[int, ...]]:
    """How the convolution computes that translation equivariant blocks are.

    Args:
        teacher: `Teacher` with windows, or a relative receptive field.

    Returns:
        Triple of strides; of the padding, as Keras' name for it, or as a pair of
        integers for each axis where it has none; and of the dilation rate.
    """
    if (windows := teacher.windows) is None:
        field = relative_field_of(teacher)
        padding: Any = field.padding_name or field.padding
        return field.strides, padding, field.dilation_rate
    padding = windows[0].padding
    if padding == "causal":
        padding = [window.padding_of(1) for window in windows]
    strides = tuple(window.stride for window in windows)
    return strides, padding, tuple(window.dilation_rate for window in windows)


def grid_of(teacher: Teacher) -> tuple[int, ...]:
    """The sizes of a teacher's inputs, along each axis of the convolution.

    Args:
        teacher: See `geometry_of`.

    Returns:
        Tuple of integers.
    """
    if (windows := teacher.windows) is None:
        return relative_field_of(teacher).grid
    return teacher.input_shape[: len(windows)]


def relative_field_of(teacher: Teacher) -> RelativeReceptiveField:
    """The relative receptive field of a teacher.

    Args:
        teacher: `Teacher`.

    Returns:
        `RelativeReceptiveField`.

    Raises:
        ValueError: If it has none.
    """
    field = relative_receptive_field(teacher)
    if field is None:
        raise ValueError(f"{teacher.title} has no relative receptive field")
    return field
