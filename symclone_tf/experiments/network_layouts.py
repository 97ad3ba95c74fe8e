"""How the networks of experiments are laid out: convolutions, sizes and students."""

import math

from symclone_tf.checks import one_of, positive_integer, positive_number
from symclone_tf.students import Student, make_student
from symclone_tf.teachers import ConvTeacher

# Of the convolutions of the first pair, and of each next one.
FILTERS = (10, 20, 40, 80, 160)
# Up to here two pairs see enough; for each doubling there is one more.
TWO_PAIRS = 64


def filters_of(canvas, width=1.0) -> tuple[int, ...]:
    """The filters of each convolution of a network.

    Args:
        canvas: Integer, height and width of the images in pixels.
        width: Float, what all numbers of filters are multiplied with.

    Returns:
        Tuple of integers: two of each pair, of which there are two up to 64 pixels,
        and one more for each doubling.

    Raises:
        ValueError: If the width is not positive.

    Example:

    >>> filters_of(28), len(filters_of(128))
    ((10, 10, 20, 20), 6)
    """
    positive_number("width", width)
    pairs = 2 + max(0, math.ceil(math.log2(canvas / TWO_PAIRS)))
    return tuple(max(1, round(width * f)) for f in FILTERS[:pairs] for _ in range(2))


def per_layer(name, choices, accepted, count=4) -> list[str]:
    """One choice for each convolution of a network.

    Args:
        name: String, the argument's.
        choices: String, one choice for all convolutions, or as many as there
            are, separated by commas.
        accepted: Tuple of strings.
        count: Integer, how many convolutions there are.

    Returns:
        List of strings.

    Raises:
        ValueError: If there are neither one nor as many, or one is not accepted.

    Example:

    >>> per_layer("moves", "all,all,all,encoder", ("all", "encoder"))[-1]
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


def network_teachers(
    group, canvas=28, kernel_size=3, padding="valid"
) -> list[ConvTeacher]:
    """The convolutions of the MNIST network, as teachers.

    The network has two pairs of convolutions, each pair followed by a 2×2 max
    pooling; the first convolution lifts images to the group.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        canvas: Integer, height and width of the network's images in pixels.
        kernel_size: Integer, height and width of all kernels.
        padding: String, `"valid"` or `"same"`.

    Returns:
        List of `ConvTeacher`, four for images of up to 64 pixels, two more for each
            doubling.

    Raises:
        ValueError: If the canvas is too small for the network.

    Example:

    >>> [teacher.title for teacher in network_teachers("c4")]
    ['C4 lifting 28×28', 'C4 group 26×26', 'C4 group 12×12', 'C4 group 10×10']
    """
    sizes = sizes_of(canvas, kernel_size, padding)
    return [
        ConvTeacher(group, size, kernel_size, lifting=layer == 0, padding=padding)
        for layer, size in enumerate(sizes)
    ]


def network_students(
    group, canvas=28, kernel_size=3, padding="valid", student="dense", **options
) -> list[Student]:
    """One student for each convolution of the MNIST network, not yet built.

    Args:
        group: String, see `network_teachers`.
        canvas: Integer, see `network_teachers`.
        kernel_size: Integer, see `network_teachers`.
        padding: String, see `network_teachers`.
        student: String, the registered name of a kind of students, `"dense"` or
            `"local"`.
        **options: Of the students.

    Returns:
        List of `Student`, as many.

    Raises:
        ValueError: If the canvas is too small for the network, or an option
            is not accepted.

    Example:

    >>> [student.blocks for student in network_students("c4", blocks=7)]
    [7, 7, 7, 7]
    """
    teachers = network_teachers(group, canvas, kernel_size, padding)
    return [make_student(student, teacher, **options) for teacher in teachers]


def sizes_of(canvas, kernel_size, padding) -> list[int]:
    """The sizes of the images that each convolution reads."""
    positive_integer("canvas", canvas)
    positive_integer("kernel_size", kernel_size)
    sizes, size = [], canvas
    for layer in range(len(filters_of(canvas))):
        if size < kernel_size:
            raise ValueError(
                f"`canvas` is too small: convolution {layer + 1} of the network "
                f"would read {size}×{size} images with kernels of {kernel_size}×"
                f"{kernel_size}. Received: canvas={canvas}"
            )
        sizes.append(size)
        size = ConvTeacher("t2", size, kernel_size, padding=padding).output_size
        if layer % 2:
            size //= 2
    return sizes
