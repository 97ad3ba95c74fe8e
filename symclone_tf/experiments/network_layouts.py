"""The layout of the networks of experiments: convolutions, sizes and students."""

import itertools
import math
from collections.abc import Collection, Sequence
from typing import Any

from symclone_tf.checks import one_of, positive_integer, positive_number
from symclone_tf.students import Student, make_student
from symclone_tf.students.regions import regions_within
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.symmetry.steerable_basis import least_kernel
from symclone_tf.teachers import ConvTeacher

# Of the convolutions of the first pair, and of each next one.
FILTERS = (10, 20, 40, 80, 160)
# Height and width of kernels, unless the group has too many rotations.
KERNEL_SIZE = 3
# Up to this size two pairs are enough; for each doubling there is one more.
TWO_PAIRS = 64


def filters_of(canvas: int, width: float = 1.0) -> tuple[int, ...]:
    """The number of filters of each convolution of a network.

    Args:
        canvas: Integer, height and width of the images in pixels.
        width: Float, the factor of all numbers of filters.

    Returns:
        Tuple of integers: two for each pair of convolutions, of which there are two up
        to 64 pixels, and one more for each doubling.

    Raises:
        ValueError: If the width is not positive.

    Example:

    >>> filters_of(28), len(filters_of(128))
    ((10, 10, 20, 20), 6)
    """
    positive_number("width", width)
    pairs = 2 + max(0, math.ceil(math.log2(canvas / TWO_PAIRS)))
    return tuple(max(1, round(width * f)) for f in FILTERS[:pairs] for _ in range(2))


def per_layer(
    name: str, choices: Any, accepted: Collection[str], count: int = 4
) -> list[str]:
    """One choice for each convolution of a network.

    Args:
        name: String, the name of the argument.
        choices: String, one choice for all convolutions, or one for each, separated
            by commas.
        accepted: Tuple of strings.
        count: Integer, the number of convolutions.

    Returns:
        List of strings.

    Raises:
        ValueError: If there is another number of choices, or one is not accepted.

    Example:

    >>> per_layer("trainable_part", "all,all,all,encoder", ("all", "encoder"))[-1]
    'encoder'
    """
    found = choices.split(",") if isinstance(choices, str) else [choices]
    if len(found) not in (1, count):
        raise ValueError(
            f"`{name}` must be one choice for all convolutions, or {count} "
            f"separated by commas. Received: {name}={choices}"
        )
    for choice in found:
        one_of(name, choice, accepted)
    return found if len(found) > 1 else found * count


def kernel_size_of(group: str | PointGroup) -> int:
    """The size of a network's kernels, the smallest that tells all rotations apart.

    Args:
        group: String or `PointGroup`.

    Returns:
        Integer, an odd number of pixels: 3 up to 8 rotations, 5 up to 16, and 2 more
        for each further 8.

    Example:

    >>> kernel_size_of("d4"), kernel_size_of("c8"), kernel_size_of("d16")
    (3, 3, 5)
    """
    group = get_group(group)
    if group.permutes_pixels:
        return KERNEL_SIZE
    return max(KERNEL_SIZE, least_kernel(group.rotations) // 2 * 2 + 1)


def exact_blocks(group: str | PointGroup) -> int:
    """How many blocks exact clones of a network's convolutions have.

    Args:
        group: String or `PointGroup`.

    Returns:
        Integer, the dimension of the kernels.

    Example:

    >>> exact_blocks("c4"), exact_blocks("c8")
    (9, 6)
    """
    return get_group(group).kernel_rank(kernel_size_of(group))


def network_teachers(
    group: str | PointGroup,
    canvas: int = 28,
    kernel_size: int | None = None,
    padding: str = "valid",
) -> list[ConvTeacher]:
    """The convolutions of the MNIST network, as teachers.

    The network has two pairs of convolutions, each pair followed by a 2×2 max
    pooling; the first convolution lifts images to the group.

    Args:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`.
        canvas: Integer, height and width of the network's images in pixels.
        kernel_size: Integer, height and width of all kernels; `None` for that of
            `kernel_size_of`.
        padding: String, `"valid"` or `"same"`.

    Returns:
        List of `ConvTeacher`, four for images of up to 64 pixels, and two more for
        each doubling.

    Raises:
        ValueError: If the canvas is too small for the network.

    Example:

    >>> [teacher.title for teacher in network_teachers("c4")]
    ['C4 lifting 28×28', 'C4 group 26×26', 'C4 group 12×12', 'C4 group 10×10']
    """
    kernel_size = kernel_size_of(group) if kernel_size is None else kernel_size
    sizes = sizes_of(canvas, kernel_size, padding)
    return [
        ConvTeacher(group, size, kernel_size, lifting=layer == 0, padding=padding)
        for layer, size in enumerate(sizes)
    ]


def network_students(
    group: str | PointGroup,
    canvas: int = 28,
    kernel_size: int | None = None,
    padding: str = "valid",
    student: str = "dense",
    regions: int | tuple[int, ...] | list[int] | None = None,
    **options: Any,
) -> list[Student]:
    """One student for each convolution of the MNIST network, not yet built.

    Args:
        group: String, see `network_teachers`.
        canvas: Integer, see `network_teachers`.
        kernel_size: Integer, see `network_teachers`.
        padding: String, see `network_teachers`.
        student: String, the registered name of a kind of students, as `"dense"` or
            `"local"`.
        regions: Integer or pair of integers, the regions of `"regional"` students, at
            most as many as outputs of a convolution; `None` for their default.
        **options: Of the students.

    Returns:
        List of `Student`, one for each teacher.

    Raises:
        ValueError: If the canvas is too small for the network, or an option
            is not accepted.

    Example:

    >>> [student.blocks for student in network_students("c4", blocks=7)]
    [7, 7, 7, 7]
    >>> made = network_students("c4", canvas=16, student="regional", regions=(3, 4))
    >>> [student.regions for student in made]
    [(3, 4), (3, 4), (3, 4), (2, 2)]
    """
    teachers = network_teachers(group, canvas, kernel_size, padding)
    return [
        student_within(teacher, student, regions, **options) for teacher in teachers
    ]


def check_students(students: Sequence[Student], teachers: list[ConvTeacher]) -> None:
    """Refuses students of other teachers than a network's convolutions.

    Raises:
        ValueError: If there are others, or others in their place.
    """
    found = [student.teacher for student in students]
    if found != teachers:
        wanted, given = ("; ".join(t.name for t in each) for each in (teachers, found))
        raise ValueError(
            f"The network needs students of {wanted}. Received: students of {given}"
        )


def student_within(
    teacher: ConvTeacher,
    student: str,
    regions: int | tuple[int, ...] | list[int] | None = None,
    **options: Any,
) -> Student:
    """A student of one of several convolutions, whose outputs may have any size.

    Args:
        teacher: `ConvTeacher`.
        student: String, the registered name of a kind of students.
        regions: See `network_students`.
        **options: Of the student.

    Returns:
        `Student`, not yet built.

    Raises:
        ValueError: If an option is not accepted.
    """
    if student == "regional" and regions is not None:
        regions = regions_within(teacher, regions)
    return make_student(student, teacher, regions=regions, **options)


def sizes_of(canvas: int, kernel_size: int, padding: str) -> list[int]:
    """The size of the input of each convolution."""
    positive_integer("canvas", canvas)
    positive_integer("kernel_size", kernel_size)
    sizes: list[int] = []
    size = canvas
    for layer in range(len(filters_of(canvas))):
        if size < kernel_size:
            raise ValueError(
                f"`canvas` is too small: convolution {layer + 1} of the network "
                f"would get {size}×{size} images with kernels of {kernel_size}×"
                f"{kernel_size}. Received: canvas={canvas}"
            )
        sizes.append(size)
        size, _ = ConvTeacher("t2", size, kernel_size, padding=padding).output_shape
        if layer % 2:
            size //= 2
    return sizes


def checked_per_layer(
    name: str, choices: Any, accepted: Collection[str], count: int | None
) -> list[str]:
    """`per_layer`, also where the number of layers is not known."""
    if count is None and isinstance(choices, str):
        count = len(choices.split(","))
    return per_layer(name, choices, accepted, count or 1)


def runs_of(choices: str, times: str = "") -> list[str]:
    """Choices of layers, with the number of layers in a row that have each.

    >>> runs_of("frozen,frozen,frozen,anchored", " ×")
    ['frozen ×3', 'anchored']
    """
    grouped = itertools.groupby(choices.split(","))
    runs = [(name, len(list(same))) for name, same in grouped]
    if len(runs) == 1:
        return [runs[0][0]]
    return [name if count == 1 else f"{name}{times}{count}" for name, count in runs]
