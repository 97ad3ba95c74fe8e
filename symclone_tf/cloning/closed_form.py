"""Cloning without training, for linear blocks.

A teacher that is linear in inputs and in kernels is determined by its outputs for unit
impulses and unit kernels: one matrix, an *operator*, for every entry of the kernel and
every pair of feature maps in and out. Linear blocks span a space of such matrices. The
best space of B dimensions is that of the leading singular vectors (Eckart and Young)
of the operators, projected on what the blocks can compute. Teachers and students of
any class are solved by their outputs and coordinates.
"""

import math

import numpy as np
from keras import ops

from symclone_tf.cloning.teacher_operators import TeacherOperators
from symclone_tf.students import Student, student_options
from symclone_tf.types import Array


def solve(student: Student) -> float:
    """Sets a student's weights to those of the smallest error.

    Args:
        student: `Student` with linear blocks, of a teacher that is linear in
            inputs and in kernels.

    Returns:
        Float, the share of the teacher's variance that the blocks reproduce for
        N(0, I) inputs and kernels: `1 − NMSE`.

    Raises:
        ValueError: If the blocks or the teacher are not linear.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", image_size=8), blocks=6)
    >>> round(solve(student), 4)  # of 9 equal directions
    0.6667
    """
    check_linear(student)
    if not student.built:
        student.build()
    operators = TeacherOperators(student.teacher)
    variances, directions = _principal_directions(student, operators)
    # The second pass evaluates the same operators again.
    total, operators.measures = operators.squared_norm, False
    kept = variances[: student.blocks]
    # Without variance, the initial encoder and zero blocks remain.
    rank = int(np.sum(kept > 1e-10 * variances[0]))
    directions, kept = directions[:, :rank], kept[:rank]

    # Blocks with rows of unit norm, as a trained student's are.
    scale = np.sqrt(kept / student.teacher.positions_out)
    to_blocks = (directions / scale).astype("float32")
    student.assign_coordinates(
        (key, ops.matmul(values, to_blocks))
        for key, values in student.coordinates(operators)
    )
    columns = operators.of_all(directions * scale)
    _set_encoder(student, operators.nonzero, columns)
    student.weights_changed()
    # Rounding may exceed the whole.
    return min(1.0, float(np.sum(kept) / total))


def check_linear(student: Student) -> None:
    """Refuses students that have no closed form.

    Args:
        student: `Student`.

    Raises:
        ValueError: If the blocks or the teacher are not linear.
    """
    if not student.is_linear:
        options = student_options(student).items()
        raise ValueError(
            "`solver` closed-form needs linear blocks; others, as those with hidden "
            "layers, have to be trained, with `solver` sgd. "
            f"Received: {', '.join(f'{name}={value}' for name, value in options)}"
        )
    if not student.teacher.is_linear:
        raise ValueError(
            "`solver` closed-form needs a teacher that is linear in inputs and in "
            "kernels; others have to be trained, with `solver` sgd. "
            f"Received: teacher {student.teacher.title}"
        )


def _set_encoder(student: Student, nonzero: Array, columns: Array) -> None:
    """Columns of the encoder run over (block, feature map in, feature map out); rows
    of `columns` over the triples (feature map in, feature map out, kernel entry) of
    the operators that are not zero."""
    teacher, rank = student.teacher, columns.shape[1]
    shape = (
        teacher.representation_in,
        teacher.representation_out,
        teacher.kernel_entries,
    )
    full = np.zeros((math.prod(shape), rank), "float32")
    full[nonzero] = columns
    full = np.transpose(full.reshape(*shape, rank), (2, 3, 0, 1))
    encoder = ops.convert_to_numpy(student.encoder.kernel)
    encoder = encoder.reshape(teacher.kernel_entries, student.blocks, *shape[:2])
    encoder = encoder.copy()
    encoder[:, :rank] = full
    student.encoder.kernel.assign(encoder.reshape(teacher.kernel_entries, -1))


def _principal_directions(
    student: Student, operators: TeacherOperators
) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of the operators' Gram matrix, largest first.

    The Gram matrix has a row for each operator that differs from others; the operators
    themselves have `positions_in · positions_out` entries, and are never held all at
    once.
    """
    count = operators.count
    gram = np.zeros((count, count))
    for _, values in student.coordinates(operators):
        rows = ops.reshape(values, (-1, count))
        gram += ops.convert_to_numpy(ops.matmul(ops.transpose(rows), rows))
    variances, directions = np.linalg.eigh(gram)
    return np.maximum(variances[::-1], 0), directions[:, ::-1]
