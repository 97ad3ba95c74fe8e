"""Properties of teachers, found by evaluating them: validity, linearity and gains."""

import dataclasses
import functools

import numpy as np
from keras import ops

from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.precision import full_float32
from symclone_tf.types import Array, Tensor

# Relative difference up to which two outputs count as equal. Rounding in float32 stays
# below it, and a clone of a teacher that deviates by more has an NMSE above 1e-8.
TOLERANCE = 1e-4
# Random inputs that stand for all unit impulses, where there are more positions.
MAX_INPUTS = 256
# Numbers in memory at a time.
MAX_NUMBERS = 2**24
# Operators whose products with each other are computed.
MAX_OPERATORS = 2048


def random_inputs_and_kernel(
    teacher: Teacher, channels: int = 1, filters: int = 1, seed: int = 0
) -> tuple[Array, Array]:
    """Two inputs and a kernel, drawn from N(0, I).

    Args:
        teacher: `Teacher`.
        channels: Integer.
        filters: Integer.
        seed: Integer.

    Returns:
        Pair of float32 arrays, as the teacher's call arguments.
    """
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2, *teacher.input_shape, channels))
    kernel = rng.normal(size=(*teacher.kernel_shape, channels, filters))
    return inputs.astype("float32"), kernel.astype("float32")


def evaluate(teacher: Teacher, inputs: Tensor, kernel: Tensor) -> Array:
    """A teacher's outputs as an array, computed in full float32."""
    with full_float32():
        return np.asarray(ops.convert_to_numpy(teacher(inputs, kernel)))


def outputs_differ(found: Tensor, expected: Tensor) -> bool:
    """Whether outputs differ by more than rounding does."""
    values = (np.float64(ops.convert_to_numpy(v)) for v in (found, expected))
    outputs, reference = values
    error = np.linalg.norm(outputs - reference)
    # Negated, so that NaNs differ.
    return not error <= TOLERANCE * np.linalg.norm(reference)


@functools.lru_cache(maxsize=64)
def check_outputs(teacher: Teacher) -> None:
    """Refuses a teacher whose outputs contradict what it declares.

    Args:
        teacher: `Teacher`.

    Raises:
        ValueError: If its outputs do not have the declared shape, are not finite, are
            all zero, change from call to call, or are not linear although `is_linear`
            is `True`.
    """
    inputs, kernel = random_inputs_and_kernel(teacher)
    outputs = evaluate(teacher, inputs, kernel)
    declared = (len(inputs), *teacher.output_shape, 1)
    if outputs.shape != declared:
        raise ValueError(
            "A teacher's outputs must have the shape that it declares, "
            f"{declared} for two inputs. Received: outputs of shape {outputs.shape}, "
            f"of {teacher.title}"
        )
    if not np.isfinite(outputs).all():
        raise ValueError(
            "A teacher's outputs must be finite. Received: infinities or NaNs, for "
            f"inputs and a kernel from N(0, I), of {teacher.title}"
        )
    if not outputs.any():
        raise ValueError(
            "A teacher's outputs must not be all zero. Received: zeros, for inputs and "
            f"a kernel from N(0, I), of {teacher.title}"
        )
    if outputs_differ(evaluate(teacher, inputs, kernel), outputs):
        raise ValueError(
            "A teacher's outputs must be the same for the same inputs and kernel. "
            f"Received: outputs that change from call to call, of {teacher.title}"
        )
    if teacher.is_linear and len(linear_in(teacher)) < 2:
        found = " and ".join(linear_in(teacher)) or "neither inputs nor the kernel"
        raise ValueError(
            "A teacher must set `is_linear` to False unless it is linear in inputs and "
            f"in the kernel. Received: outputs linear in {found}, of {teacher.title}"
        )


@functools.lru_cache(maxsize=64)
def linear_in(teacher: Teacher) -> tuple[str, ...]:
    """The arguments that a teacher is linear in, by a test of random combinations.

    Args:
        teacher: `Teacher`.

    Returns:
        Tuple of those of `"inputs"` and `"kernel"` in which it is linear.

    Example:

    >>> linear_in(ConvTeacher("c4", 8))
    ('inputs', 'kernel')
    """
    first = random_inputs_and_kernel(teacher, seed=1)
    second = random_inputs_and_kernel(teacher, seed=2)
    found = []
    for index, name in enumerate(("inputs", "kernel")):

        def with_argument(value: Array, index: int = index) -> Array:
            return evaluate(
                teacher, *(value if i == index else first[i] for i in (0, 1))
            )

        # The weights do not add up to 1, or affine maps would pass as linear ones.
        combined = with_argument(0.75 * first[index] - 1.5 * second[index])
        expected = 0.75 * with_argument(first[index])
        expected = expected - 1.5 * with_argument(second[index])
        if not outputs_differ(combined, expected):
            found.append(name)
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class Gains:
    """The gains of a linear teacher, and the dimension of the space of its maps.

    Attributes:
        entries: Array of shape `(kernel_entries,)`, the mean square of outputs for
            inputs from N(0, I) and a kernel whose only non-zero entry, 1, is this one.
        largest: Float, the same for the kernel of norm 1 whose outputs are largest.
        rank: Integer, the dimension of the space of all maps from positions to
            positions that the teacher consists of; `None` where it is too large to
            compute.
    """

    entries: Array
    largest: float
    rank: int | None


@functools.lru_cache(maxsize=64)
def measure_gains(teacher: Teacher) -> Gains:
    """Measures the gains of a linear teacher, for each entry of its kernel.

    The teacher consists of one linear operator from positions to positions for each
    pair of representation elements and each kernel entry. Their Gram matrix has the
    gains on its diagonal, and its rank is the teacher's.

    Args:
        teacher: `Teacher`, linear in inputs and in the kernel.

    Returns:
        `Gains`: exact up to 256 input positions, else estimates from 256 random inputs.

    Example:

    >>> gains = measure_gains(ConvTeacher("c4", 8, lifting=False))
    >>> gains.rank, round(gains.largest, 4)
    (9, 1.0)
    """
    sizes = (
        teacher.representation_in,
        teacher.representation_out,
        teacher.kernel_entries,
    )
    operators = int(np.prod(sizes))
    whole = operators <= MAX_OPERATORS
    # The Gram matrix of all operators or, of too many, its diagonal.
    gram = np.zeros((operators, operators) if whole else operators)
    rows = _test_inputs(teacher.positions_in)
    batch = max(1, MAX_NUMBERS // (teacher.positions_out * operators))
    for start in range(0, len(rows), batch):
        outputs = _operator_outputs(teacher, rows[start : start + batch])
        outputs = outputs.astype("float64")
        gram += outputs.T @ outputs if whole else np.square(outputs).sum(axis=0)
    exact = len(rows) == teacher.positions_in
    gram /= teacher.positions_out * (1 if exact else len(rows))
    gains = (np.diag(gram) if whole else gram).reshape(sizes)
    entries = gains.sum(axis=0).mean(axis=0)
    if not whole:
        return Gains(entries, float(entries.max()), None)
    eigenvalues = np.linalg.eigvalsh(gram)
    pairs = gram.reshape(*sizes, *sizes)
    largest = [
        np.linalg.eigvalsh(pairs[g, h, :, g, h])[-1]
        for g in range(sizes[0])
        for h in range(sizes[1])
    ]
    rank = int(np.sum(eigenvalues > 1e-10 * eigenvalues[-1]))
    return Gains(entries, float(max(*largest, entries.max())), rank)


def _test_inputs(positions: int) -> Array:
    """Unit impulses at all positions or, of too many, random signs."""
    if positions <= MAX_INPUTS:
        return np.eye(positions, dtype="float32")
    signs = np.random.default_rng(0).integers(0, 2, (MAX_INPUTS, positions))
    return (2 * signs - 1).astype("float32")


def _operator_outputs(teacher: Teacher, rows: Array) -> Array:
    """Outputs of each of a teacher's operators, for rows of values at all positions.

    Returns:
        Array of shape `(rows · positions_out, representation_in ·
        representation_out · kernel_entries)`.
    """
    size, entries = teacher.representation_in, teacher.kernel_entries
    inputs = np.einsum("ip,gf->igpf", rows, np.eye(size, dtype="float32"))
    units = np.eye(entries, dtype="float32").reshape(*teacher.kernel_shape, 1, entries)
    outputs = evaluate(teacher, inputs.reshape(-1, *teacher.input_shape, 1), units)
    outputs = outputs.reshape(len(rows), size, teacher.positions_out, -1)
    return np.swapaxes(outputs, 1, 2).reshape(len(rows) * teacher.positions_out, -1)
