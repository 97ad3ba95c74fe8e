"""Estimates of the memory that cloning takes, before any is allocated."""

import psutil

from symclone_tf.cloning import teacher_operators
from symclone_tf.cloning.recipes import Recipe
from symclone_tf.students import Student


def training_memory(student: Student, recipe: Recipe) -> int:
    """Bytes that training takes at its peak.

    It holds the weights, their gradients and the optimizer's state, and of a batch
    the inputs, the blocks' features and the outputs, each with its gradient.

    Args:
        student: `Student`, not necessarily built.
        recipe: `Recipe`, which has the size of a batch.

    Returns:
        Integer.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", image_size=64))
    >>> round(training_memory(student, recipe_for(student)) / 1e9, 1)  # gigabytes
    6.7
    """
    teacher = student.teacher
    copies = 3 if student.is_linear else 5
    images, kernels = recipe.images_per_step, recipe.kernels_per_step
    maps = images * teacher.representation_in
    features = maps * student.features_per_map
    outputs = images * teacher.positions_out * teacher.representation_out * kernels
    inputs = maps * teacher.positions_in
    numbers = copies * student.parameters + 3 * (features + outputs + inputs)
    numbers += 2 * student.shared_numbers
    # A tenth for small tensors; benchmarks/ compare the estimate with the peak.
    return int(1.1 * (4 * numbers + teacher.call_memory(kernels)))


def solving_memory(student: Student) -> int:
    """Bytes that the closed form takes at its peak.

    The peak is either that of assigning the solution to the weights, of which
    TensorFlow makes copies, or that of evaluating the teacher for a chunk of impulses,
    beside the solution and the weights.

    Args:
        student: `Student`, not necessarily built.

    Returns:
        Integer.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", image_size=64))
    >>> round(solving_memory(student) / 1e9, 1)  # gigabytes
    3.1
    """
    weights = 4 * student.parameters
    chunk = max(
        teacher_operators.CHUNK, teacher_operators.impulse_response(student.teacher)
    )
    teacher = student.teacher.call_memory(student.teacher.kernel_entries)
    # A chunk of outputs is held before and after its axes are transposed.
    return int(1.1 * max(5 * weights, 2 * weights + 4 * chunk + teacher))


def check_memory(student: Student, needed: int, work: str = "Cloning") -> None:
    """Refuses a student that this machine has too little memory for.

    Args:
        student: `Student`.
        needed: Integer, bytes.
        work: String, the purpose, with which the message begins.

    Raises:
        MemoryError: If more memory is needed than is available.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", image_size=6))
    >>> check_memory(student, 1000)  # bytes
    >>> try:
    ...     check_memory(student, 10**15)
    ... except MemoryError as error:
    ...     print(str(error).partition(" (")[0])
    Cloning a student of T(2) 6×6 with 9 blocks
    """
    available = psutil.virtual_memory().available
    if needed > available:
        sizes = ["`image_size`"] if hasattr(student.teacher, "image_size") else []
        advice = f" Lower {', '.join([*sizes, '`blocks`'])} or `images_per_step`."
        raise MemoryError(
            f"{work} a student of {student.teacher.title} with {student.blocks} blocks "
            f"({_bytes(4 * student.parameters)} of weights) takes "
            f"{_bytes(needed)} of memory, and {_bytes(available)} are available."
            + (advice if work == "Cloning" else "")
        )


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"
