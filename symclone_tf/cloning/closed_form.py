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

from symclone_tf.students import Student, student_options
from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, Tensor

# Bytes of the teacher's outputs in one evaluation.
CHUNK = 2**27


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
    _set_encoder(student, operators.nonzero, directions * scale)
    student.weights_changed()
    return float(np.sum(kept) / total)


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


class TeacherOperators:
    """A teacher's operators, evaluated for rows of inputs.

    Called with an array of shape `(rows, positions_in)`, it evaluates the teacher for
    each row as each of the input's feature maps, with a kernel for each entry, and
    returns a tensor of shape `(rows, positions_out, operators)`, with an *operator*
    for each triple of feature map in, feature map out and kernel entry that is not
    zero.

    Args:
        teacher: `Teacher`.

    Attributes:
        batch_size: Integer, the most rows of one call.
        nonzero: Integer array, the indices of the operators that are not zero: most
            pairs of group elements have no kernel entry in common.
        squared_norm: Float, the sum of all outputs' squares while `measures`.
        measures: Boolean, whether to sum them, which takes a pass over all outputs.
    """

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher
        self.batch_size = max(1, CHUNK // impulse_response(teacher))
        # The output for one random row is zero for the operators that are.
        rng = np.random.default_rng(0)
        row = rng.normal(size=(1, teacher.positions_in)).astype("float32")
        outputs = ops.convert_to_numpy(self._evaluate(row)[0])
        self.nonzero = np.flatnonzero(np.any(outputs != 0, axis=0))
        self._operators = outputs.shape[-1]
        self.squared_norm, self.measures = 0.0, True

    def __call__(self, rows: Array) -> Tensor:
        outputs = self._evaluate(rows)
        if len(self.nonzero) < self._operators:
            outputs = ops.take(outputs, self.nonzero, axis=-1)
        if self.measures:
            self.squared_norm += float(ops.sum(ops.square(outputs)))
        return outputs

    def _evaluate(self, rows: Array) -> Tensor:
        """The outputs of all operators, those that are zero included."""
        teacher = self.teacher
        maps, entries = teacher.representation_in, teacher.kernel_entries
        inputs = np.einsum("ip,gf->igpf", rows, np.eye(maps, dtype="f4"))
        inputs = inputs.reshape(-1, *teacher.input_shape, 1)
        units = np.eye(entries, dtype="float32")
        outputs = teacher(inputs, units.reshape(*teacher.kernel_shape, 1, -1))
        outputs = ops.reshape(outputs, (len(rows), maps, teacher.positions_out, -1))
        return ops.reshape(
            ops.transpose(outputs, (0, 2, 1, 3)), (len(rows), teacher.positions_out, -1)
        )


def impulse_response(teacher: Teacher) -> int:
    """Bytes of the teacher's outputs for one impulse in each feature map.

    Args:
        teacher: `Teacher`.

    Returns:
        Integer.
    """
    pairs = teacher.representation_in * teacher.representation_out
    return 4 * teacher.positions_out * pairs * teacher.kernel_entries


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

    The Gram matrix has a row for each operator; the operators themselves have
    `positions_in · positions_out` entries, and are never held all at once.
    """
    count = len(operators.nonzero)
    gram = np.zeros((count, count))
    for _, values in student.coordinates(operators):
        rows = ops.reshape(values, (-1, count))
        gram += ops.convert_to_numpy(ops.matmul(ops.transpose(rows), rows))
    variances, directions = np.linalg.eigh(gram)
    return np.maximum(variances[::-1], 0), directions[:, ::-1]
