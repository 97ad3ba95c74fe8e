"""Which kind of student relaxes a convolution, and in how many regions."""

from collections.abc import Sequence
from typing import Any

from symclone_tf.cloning import clone, solve
from symclone_tf.cloning.cloner import full_float32
from symclone_tf.networks.clone_sizes import resized
from symclone_tf.students import Student, make_student
from symclone_tf.students.regional import default_regions
from symclone_tf.students.regions import regions_within
from symclone_tf.teachers import Teacher

# Fewer outputs than these have a local clone that is about as cheap as a regional one.
LEAST_OUTPUTS = 256
# Outputs of a region along an axis, where a student is cloned.
POSITIONS = 4


def relaxed_student(
    teachers: Sequence[Teacher],
    student: str | None = None,
    regions: int | tuple[int, ...] | list[int] | None = None,
    any_size: bool = False,
) -> Student:
    """The student that relaxes a convolution.

    Args:
        teachers: Sequence of `Teacher`, one for each size of inputs that the
            convolution is called with, the student's first.
        student: String, the registered name of a kind of students; `None` for
            `"regional"` where `regions`, `any_size` or several sizes are given, and
            otherwise where it is much cheaper than `"local"`: for at least 256 outputs
            of a convolution that is not transposed.
        regions: Integer, or one for each axis, the regions of regional students; no
            more than outputs are taken. `None` for their default.
        any_size: Boolean, whether inputs may have any size, which only regional
            students take.

    Returns:
        `Student`, not yet built.

    Raises:
        ValueError: If the student is not one for this teacher, with the reason, to be
            read after "Layer 'name' cannot be relaxed:".

    Example:

    >>> large, small = (ConvTeacher("t2", image_size=size) for size in (64, 8))
    >>> relaxed_student([large]).regions
    (4, 4)
    >>> relaxed_student([small]).kind
    'local'
    >>> relaxed_student([large, small]).regions  # for both
    (3, 3)
    """
    teacher, *others = teachers
    if student is None:
        worth = regions is not None or any_size or bool(others)
        worth = worth or teacher.positions_out >= LEAST_OUTPUTS
        student = "regional" if worth and teacher.windows else "local"
    options: dict[str, Any] = {"seed": 0, "dtype": "float32"}
    if student == "regional" and teacher.windows:
        each = [
            default_regions(one) if regions is None else regions_within(one, regions)
            for one in teachers
        ]
        options["regions"] = tuple(map(min, zip(*each)))
    made = make_student(student, teacher, **options)
    if others and not made.free_axes:
        sizes = " and ".join("×".join(map(str, one.input_shape)) for one in teachers)
        raise ValueError(
            f"it is called with inputs of several sizes, {sizes}, and its clone, "
            f"{student}, takes one"
        )
    if any_size and not made.free_axes:
        raise ValueError(
            f"its clone, {student}, takes inputs of one size, which `image_size` is for"
        )
    return made


def clone_in_closed_form(student: Student) -> None:
    """Clones its teacher into a student.

    The weights of a regional student are the same for all sizes, and are found at a
    small one. Its error is not measured there, but on the layer that it becomes.

    Args:
        student: `Student`, not yet built.
    """
    if not student.free_axes:
        clone(student.teacher, student=student, solver="closed-form", verbose=0)
        return
    small = _smaller(student)
    with full_float32():
        solve(small)
    if small is not student:
        student.build()
        student.set_weights(small.get_weights())


def _smaller(student) -> Student:
    """A student with the same weights for smaller inputs, if they can be smaller."""
    teacher = student.teacher
    sizes = [
        min(size, POSITIONS * number * window.stride + window.extent)
        for window, size, number in zip(
            teacher.windows, teacher.input_shape, student.regions
        )
    ]
    if tuple(sizes) == teacher.input_shape[: len(sizes)]:
        return student
    try:
        return resized(student, teacher.resized(tuple(sizes)))
    except ValueError:
        # A group that does not map this grid onto itself, or that has no configuration.
        return student
