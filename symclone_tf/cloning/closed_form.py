"""Cloning without training, where the blocks are linear.

A teacher that is linear in inputs and in kernels is known by its answers to unit
impulses and unit kernels: one matrix, an *operator*, for every entry of the
kernel and every pair of maps in and out. Linear blocks span a space of such
matrices, and the best space of B dimensions is that of the leading singular
vectors (Eckart and Young), of what the blocks can be. Nothing here knows what the
teacher computes, or what the blocks are; it only asks.
"""

import math

import numpy as np
from keras import ops

from symclone_tf.students import student_options

# Bytes of answers to hold at a time.
CHUNK = 2**27


def solve(student) -> float:
    """Sets a student's weights to the best that its blocks can do.

    Args:
        student: `Student` with linear blocks, of a teacher that is linear in
            inputs and in kernels.

    Returns:
        Float, the share of the teacher's variance that the blocks keep on
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
    ask = Questions(student.teacher)
    power, directions = _principal_directions(student, ask)
    # The second pass asks the same again.
    total, ask.measures = ask.power, False
    kept = power[: student.blocks]
    # Directions of no power are left to the initial encoder and zero blocks.
    rank = int(np.sum(kept > 1e-10 * power[0]))
    directions, kept = directions[:, :rank], kept[:rank]

    # Blocks with rows of unit norm, as a trained student's are.
    scale = np.sqrt(kept / student.teacher.positions_out)
    mix = (directions / scale).astype("float32")
    student.assign_coordinates(
        (where, ops.matmul(found, mix)) for where, found in student.coordinates(ask)
    )
    _set_encoder(student, ask.active, directions * scale)
    student.weights_changed()
    return float(np.sum(kept) / total)


def check_linear(student) -> None:
    """Refuses what the closed form cannot solve.

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


class Questions:
    """A teacher, to be asked about points of one map at a time.

    Called with rows of points, `(rows, positions_in)`, it shows each of them in one
    map at a time, with a kernel for each entry, and gives the answers of one
    map: an array of shape `(rows, positions_out, operators)`, with an *operator* for
    each active triple of map in, map out and kernel entry.

    Args:
        teacher: `Teacher`.

    Attributes:
        most: Integer, how many rows to ask about at a time.
        active: Integer array, the operators that are not zero: most pairs of
            group elements share no kernel entry.
        power: Float, the sum of the answers' squares, as long as it `measures`.
        measures: Boolean, whether to sum them: another pass over all answers.
    """

    def __init__(self, teacher):
        self.teacher = teacher
        self.most = max(1, CHUNK // impulse_response(teacher))
        self.active, self.measures = None, False
        # One random row tells which operators answer.
        rng = np.random.default_rng(0)
        row = rng.normal(size=(1, teacher.positions_in)).astype("float32")
        answers = ops.convert_to_numpy(self(row)[0])
        self.active = np.flatnonzero(np.any(answers != 0, axis=0))
        self.power, self.measures = 0.0, True

    def __call__(self, rows):
        teacher = self.teacher
        maps, entries = teacher.representation_in, teacher.kernel_entries
        shown = np.einsum("ip,gf->igpf", rows, np.eye(maps, dtype="f4"))
        inputs = shown.reshape(-1, *teacher.input_shape, 1)
        units = np.eye(entries, dtype="float32")
        answers = teacher(inputs, units.reshape(*teacher.kernel_shape, 1, -1))
        answers = ops.reshape(answers, (len(rows), maps, teacher.positions_out, -1))
        answers = ops.reshape(
            ops.transpose(answers, (0, 2, 1, 3)), (len(rows), teacher.positions_out, -1)
        )
        if self.active is not None and len(self.active) < answers.shape[-1]:
            answers = ops.take(answers, self.active, axis=-1)
        if self.measures:
            self.power += float(ops.sum(ops.square(answers)))
        return answers


def impulse_response(teacher) -> int:
    """Bytes of the teacher's answers to one impulse in each map."""
    pairs = teacher.representation_in * teacher.representation_out
    return 4 * teacher.positions_out * pairs * teacher.kernel_entries


def _set_encoder(student, active, columns):
    """Columns of the encoder run over (block, map in, map out); rows of `columns`
    over the active (map in, map out, kernel entry)."""
    teacher, rank = student.teacher, columns.shape[1]
    shape = (
        teacher.representation_in,
        teacher.representation_out,
        teacher.kernel_entries,
    )
    full = np.zeros((math.prod(shape), rank), "float32")
    full[active] = columns
    full = np.transpose(full.reshape(*shape, rank), (2, 3, 0, 1))
    encoder = ops.convert_to_numpy(student.encoder.kernel)
    encoder = encoder.reshape(teacher.kernel_entries, student.blocks, *shape[:2])
    encoder = encoder.copy()
    encoder[:, :rank] = full
    student.encoder.kernel.assign(encoder.reshape(teacher.kernel_entries, -1))


def _principal_directions(student, ask):
    """Eigenvalues and eigenvectors of the operators' Gram matrix, largest first.

    The Gram matrix has a row for each operator; the operators themselves have
    `positions_in · positions_out` entries, and are never held all at once.
    """
    gram = np.zeros((len(ask.active), len(ask.active)))
    for _, found in student.coordinates(ask):
        rows = ops.reshape(found, (-1, len(ask.active)))
        gram += ops.convert_to_numpy(ops.matmul(ops.transpose(rows), rows))
    power, directions = np.linalg.eigh(gram)
    return np.maximum(power[::-1], 0), directions[:, ::-1]
