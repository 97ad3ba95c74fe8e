"""Cloning without training, where the blocks are linear.

A teacher that is linear in images and in kernels is known by its answers to
unit impulses and unit kernels: one matrix, an *operator*, for every entry of
the kernel and every pair of group elements in and out. Linear blocks span a
space of such matrices, and the best space of B dimensions is that of the
leading singular vectors (Eckart and Young). Nothing here knows what the teacher
computes; it only asks.
"""

import math

import numpy as np
from keras import ops

# Bytes of answers to hold at a time.
CHUNK = 2**27


def solve(student, teacher) -> float:
    """Sets a student's weights to the best that its blocks can do.

    Args:
        student: `DenseStudent` with linear blocks.
        teacher: Callable of inputs and kernel, linear in both, as
            `teachers.teacher_of` returns it.

    Returns:
        Float, the share of the teacher's variance that the blocks keep on
        N(0, I) images and kernels: `1 − NMSE`.

    Raises:
        ValueError: If the blocks are not linear.

    Example:

    >>> student = DenseStudent("c4", image_size=8, blocks=6)
    >>> round(solve(student, teacher_of(student)), 4)  # of 9 equal directions
    0.6667
    """
    if not student.is_linear:
        raise ValueError(
            "The closed form needs linear blocks. "
            f"Received: hidden_units={student.hidden_units}"
        )
    if not student.built:
        student.build()
    active = _active_operators(student, teacher)
    power, directions = _principal_directions(student, teacher, active)
    kept = power[: student.blocks]
    # Directions of no power are left to the initial encoder and zero blocks.
    rank = int(np.sum(kept > 1e-10 * power[0]))
    directions, kept = directions[:, :rank], kept[:rank]

    # Blocks with rows of unit norm, as a trained student's are.
    scale = np.sqrt(kept) / student.output_size
    shape = (student.image_size**2, student.blocks, student.output_size**2)
    blocks = np.zeros(shape, "float32")
    mix = (directions / scale).astype("float32")
    for start, answers in _answers(student, teacher, active):
        mixed = ops.transpose(ops.matmul(answers, mix), (0, 2, 1))
        blocks[start : start + len(mixed), :rank] = mixed
    student.block_layers[0].kernel.assign(blocks.reshape(len(blocks), -1))
    _set_encoder(student, active, directions * scale)
    return float(np.sum(kept) / np.sum(power))


def answers_to_impulse(student) -> int:
    """Bytes of the teacher's answers to one impulse in each element."""
    pairs = student.elements_in * student.group.order
    return 4 * student.output_size**2 * pairs * student.kernel_entries


def _set_encoder(student, active, columns):
    """Columns of the encoder run over (block, element in, element out); rows of
    `columns` over the active (element in, element out, kernel entry)."""
    rank = columns.shape[1]
    shape = (student.elements_in, student.group.order, student.kernel_entries)
    full = np.zeros((math.prod(shape), rank), "float32")
    full[active] = columns
    full = np.transpose(full.reshape(*shape, rank), (2, 3, 0, 1))
    encoder = ops.convert_to_numpy(student.encoder.kernel)
    encoder = encoder.reshape(student.kernel_entries, student.blocks, *shape[:2])
    encoder = encoder.copy()
    encoder[:, :rank] = full
    student.encoder.kernel.assign(encoder.reshape(student.kernel_entries, -1))


def _principal_directions(student, teacher, active):
    """Eigenvalues and eigenvectors of the operators' Gram matrix, largest first.

    The Gram matrix has a row for each operator; the operators themselves have
    `image_size² · m²` entries, and are never held all at once.
    """
    gram = np.zeros((len(active), len(active)))
    for _, answers in _answers(student, teacher, active):
        rows = ops.reshape(answers, (-1, len(active)))
        gram += ops.convert_to_numpy(ops.matmul(ops.transpose(rows), rows))
    power, directions = np.linalg.eigh(gram)
    return np.maximum(power[::-1], 0), directions[:, ::-1]


def _active_operators(student, teacher):
    """Positions of the operators that are not zero, found with one random image
    for each group element: most pairs of elements share no kernel entry."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(1, student.image_size**2)).astype("float32")
    probe = _ask(student, teacher, pixels)[0]
    return np.flatnonzero(np.any(ops.convert_to_numpy(probe) != 0, axis=0))


def _answers(student, teacher, active):
    """The teacher's answers to unit impulses, some pixels at a time.

    Yields:
        Pairs of the first pixel and an array of shape `(pixels, m², operators)`.
    """
    pixels = student.image_size**2
    count = max(1, CHUNK // answers_to_impulse(student))
    for start in range(0, pixels, count):
        rows = np.eye(min(count, pixels - start), pixels, start, dtype="float32")
        answers = _ask(student, teacher, rows)
        if len(active) < answers.shape[-1]:
            answers = ops.take(answers, active, axis=-1)
        yield start, answers


def _ask(student, teacher, pixels):
    """Answers to images, each shown for one element of the group at a time.

    Args:
        pixels: Array of shape `(images, image_size²)`.

    Returns:
        Tensor of shape `(images, m², |G_in|·|G|·kernel_entries)`.
    """
    image_shape, kernel_shape = student.input_shapes()
    shown = np.einsum("iq,gf->igqf", pixels, np.eye(student.elements_in, dtype="f4"))
    inputs = shown.reshape(-1, *image_shape, 1)
    units = np.eye(student.kernel_entries, dtype="float32")
    answers = teacher(inputs, units.reshape(*kernel_shape, 1, -1))
    answers = ops.reshape(
        answers, (len(pixels), student.elements_in, student.output_size**2, -1)
    )
    return ops.reshape(
        ops.transpose(answers, (0, 2, 1, 3)), (len(pixels), answers.shape[2], -1)
    )
