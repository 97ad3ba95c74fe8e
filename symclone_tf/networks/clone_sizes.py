"""The sizes of inputs that clones are fused for: given, as built, or in a network."""

from collections.abc import Mapping
from typing import Any

from symclone_tf.checks import integers_along_axes
from symclone_tf.layers import Cloned, ClonedSeparableConv2D
from symclone_tf.students import Student
from symclone_tf.teachers import Teacher
from symclone_tf.types import Shape


def sizes_of(
    layer: Cloned | ClonedSeparableConv2D, image_size: Any = None
) -> tuple[int | None, ...]:
    """The sizes along the axes along which a layer takes any.

    Args:
        layer: `Cloned` or `ClonedSeparableConv2D`, built.
        image_size: Integer, or one for each axis; `None` for what the layer was built
            for.

    Returns:
        Tuple, `None` along axes of any size; empty if the layer takes one size.

    Raises:
        ValueError: If the student does not take the sizes.

    Example:

    >>> student = RegionalStudent(ConvTeacher("t2", image_size=8))
    >>> layer = ClonedConv2D(4, student)
    >>> layer.build((None, None, None, 3))
    >>> sizes_of(layer), sizes_of(layer, image_size=16)
    ((None, None), (16, 16))
    """
    free = layer.student.free_axes
    if image_size is None:
        shape = (layer.get_build_config() or {}).get("input_shape")
        return sizes_in(layer, shape) if free and shape else _own_sizes(layer)
    axes = free or len(layer.student.teacher.input_shape)
    sizes = integers_along_axes("image_size", image_size, axes)
    own = layer.student.teacher.input_shape
    if not free and sizes != own[:axes]:
        raise ValueError(
            f"Layer {layer.name!r} takes inputs of one size, {_short(own)}. "
            f"Received: image_size={image_size}"
        )
    layer.student.teacher_at(sizes[:free])
    return sizes[:free]


def sizes_in(layer: Cloned | ClonedSeparableConv2D, shape: Shape) -> Shape:
    """The sizes along a layer's free axes in a shape of its inputs."""
    first = 2 if layer.data_format == "channels_first" else 1
    return tuple(shape[first : first + layer.student.free_axes])


def sizes_in_network(
    layer: Cloned | ClonedSeparableConv2D, shapes: Mapping[int, list[Any]]
) -> Shape:
    """The sizes along a layer's free axes in a network.

    Args:
        layer: `Cloned` or `ClonedSeparableConv2D`.
        shapes: Dictionary from the identities of layers to the different shapes of
            their inputs, see `input_shapes`; empty if the network takes any size.

    Returns:
        Tuple, `None` along axes along which sizes are not known or differ; of layers
        that are never called, those that they were built for.

    Example:

    >>> student = RegionalStudent(ConvTeacher("t2", image_size=8))
    >>> layer = ClonedConv2D(4, student)
    >>> sizes_in_network(layer, {id(layer): [(2, 8, 8, 3), (2, 8, 6, 3)]})
    (8, None)
    """
    if not shapes:
        return (None,) * layer.student.free_axes
    found = {sizes_in(layer, shape) for shape in shapes.get(id(layer), ())}
    if not found:
        return sizes_of(layer)
    return tuple(n[0] if len(set(n)) == 1 else None for n in zip(*found))


def _own_sizes(layer) -> tuple[int, ...]:
    student = layer.student
    return student.teacher.input_shape[: student.free_axes]


def _short(sizes) -> str:
    return "×".join(map(str, sizes))


def at_size(student: Student, sizes: Shape) -> Student:
    """A student of the same weights for inputs of another size.

    Args:
        student: `Student`, built.
        sizes: Tuple, the sizes along its free axes.

    Returns:
        `Student`: the given one, if a size is not known, or it is of this size.

    Raises:
        ValueError: If the student does not take the sizes.

    Example:

    >>> student = RegionalStudent(ConvTeacher("t2", image_size=8), seed=0)
    >>> student.build()
    >>> at_size(student, (16, 12)).teacher.input_shape
    (16, 12)
    """
    teacher = student.teacher_at(sizes)
    if teacher is None or teacher is student.teacher:
        return student
    made = resized(student, teacher)
    made.build()
    made.set_weights(student.get_weights())
    # It is measured once whether it is translation equivariant.
    made.trainable = False
    return made


def resized(student: Student, teacher: Teacher) -> Student:
    """A student like another, for inputs of another size, not yet built.

    Args:
        student: `Student`.
        teacher: `Teacher`, the student's for inputs of this size.

    Returns:
        `Student`.
    """
    config = {**student.get_config(), "dtype": student.dtype_policy}
    made = type(student)(**{**config, "teacher": student.teacher})
    # Not by the constructor, which refuses fewer outputs than regions.
    made.teacher = teacher
    return made
