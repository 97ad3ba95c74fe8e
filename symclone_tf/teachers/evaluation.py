"""What a teacher is found to be when it is asked: well-behaved, linear, how strong."""

import contextlib
import dataclasses
import functools

import numpy as np
import tensorflow as tf
from keras import ops

# How far two answers may be from each other, relative to them, and still be the same:
# float32 adds up to less, and a clone of what deviates by more has an NMSE above 1e-8.
TOLERANCE = 1e-4
# Inputs that stand for all, of more points, and numbers to hold at a time.
MOST_DRAWS = 256
MOST_NUMBERS = 2**24
# Operators whose products with each other are looked at.
MOST_OPERATORS = 2048


@contextlib.contextmanager
def full_float32():
    """Keeps matrix products in float32 where a GPU would round to TensorFloat-32."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def drawn(teacher, channels=1, filters=1, seed=0):
    """Two inputs N(0, I), and a kernel.

    Args:
        teacher: `Teacher`.
        channels: Integer.
        filters: Integer.
        seed: Integer.

    Returns:
        Pair of float32 arrays, as the teacher takes them.
    """
    rng = np.random.default_rng(seed)
    shapes = (
        (2, *teacher.input_shape, channels),
        (*teacher.kernel_shape, channels, filters),
    )
    return tuple(rng.normal(size=shape).astype("float32") for shape in shapes)


def evaluated(teacher, inputs, kernel) -> np.ndarray:
    """A teacher's answers as an array."""
    with full_float32():
        return np.asarray(ops.convert_to_numpy(teacher(inputs, kernel)))


def differ(found, expected) -> bool:
    """Whether answers are others than expected, beyond what rounding does."""
    error = np.linalg.norm(np.float64(found) - np.float64(expected))
    return not error <= TOLERANCE * np.linalg.norm(np.float64(expected))


@functools.lru_cache(maxsize=64)
def check_outputs(teacher) -> None:
    """Refuses a teacher that is not what it says of itself.

    Args:
        teacher: `Teacher`.

    Raises:
        ValueError: If its answers have another shape than it declares, are not finite,
            are all zero, change from call to call, or are not linear where it says
            that they are.
    """
    inputs, kernel = drawn(teacher)
    answers = evaluated(teacher, inputs, kernel)
    declared = (len(inputs), *teacher.output_shape, 1)
    if answers.shape != declared:
        raise ValueError(
            "A teacher must give answers of the shape that it declares, "
            f"{declared} for two inputs. Received: answers of shape {answers.shape}, "
            f"{_whose(teacher)}"
        )
    if not np.isfinite(answers).all():
        raise ValueError(
            "A teacher must give finite answers. Received: answers that are infinite, "
            f"or no numbers, to inputs and a kernel N(0, I), {_whose(teacher)}"
        )
    if not answers.any():
        raise ValueError(
            "A teacher must give answers that are not all zero. Received: zeros, to "
            f"inputs and a kernel N(0, I), {_whose(teacher)}"
        )
    if differ(evaluated(teacher, inputs, kernel), answers):
        raise ValueError(
            "A teacher must give the same answers whenever it is asked the same. "
            f"Received: answers that change from call to call, {_whose(teacher)}"
        )
    if teacher.is_linear and len(linear_in(teacher)) < 2:
        known = " and ".join(linear_in(teacher)) or "neither inputs nor the kernel"
        raise ValueError(
            "A teacher must set `is_linear` to False unless it is linear in inputs and "
            f"in the kernel. Received: answers linear in {known}, {_whose(teacher)}"
        )


def _whose(teacher) -> str:
    return f"of {teacher.title}"


@functools.lru_cache(maxsize=64)
def linear_in(teacher) -> tuple[str, ...]:
    """In what a teacher is linear, found by asking about sums.

    Args:
        teacher: `Teacher`.

    Returns:
        Tuple of those of `"inputs"` and `"kernel"` in which it is.

    Example:

    >>> linear_in(ConvTeacher("c4", 8))
    ('inputs', 'kernel')
    """
    one, other = drawn(teacher, seed=1), drawn(teacher, seed=2)
    found = []
    for position, name in enumerate(("inputs", "kernel")):

        def ask(value, position=position):
            return evaluated(
                teacher, *(value if p == position else one[p] for p in (0, 1))
            )

        # Not a sum of weights 1: that would take affine maps for linear ones.
        mixed = ask(0.75 * one[position] - 1.5 * other[position])
        if not differ(mixed, 0.75 * ask(one[position]) - 1.5 * ask(other[position])):
            found.append(name)
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class Strength:
    """How much a linear teacher answers, and in how many ways.

    Attributes:
        entries: Array of shape `(kernel_entries,)`, the mean square of answers to
            N(0, I) by each entry of the kernel alone.
        largest: Float, the same by the kernel of norm 1 that answers most.
        rank: Integer, the dimension of the space of all maps from points to points
            that the teacher is made of; `None` where there are too many to tell.
    """

    entries: np.ndarray
    largest: float
    rank: int | None


@functools.lru_cache(maxsize=64)
def gain_of_outputs(teacher) -> Strength:
    """Asks a linear teacher with each entry of its kernel, one map at a time.

    Args:
        teacher: `Teacher`, linear in inputs and in the kernel.

    Returns:
        `Strength`: exact up to 256 input points, else an estimate from 256 draws.

    Example:

    >>> strength = gain_of_outputs(ConvTeacher("c4", 8, lifting=False))
    >>> strength.rank, round(strength.largest, 4)
    (9, 1.0)
    """
    sizes = (
        teacher.representation_in,
        teacher.representation_out,
        teacher.kernel_entries,
    )
    operators = int(np.prod(sizes))
    whole = operators <= MOST_OPERATORS
    # Products of all operators with each other, or of each with itself.
    gram = np.zeros((operators, operators) if whole else operators)
    rows = _shown(teacher.positions_in)
    many = max(1, MOST_NUMBERS // (teacher.positions_out * operators))
    for start in range(0, len(rows), many):
        answers = _answers_to(teacher, rows[start : start + many]).astype("float64")
        gram += answers.T @ answers if whole else np.square(answers).sum(axis=0)
    exact = len(rows) == teacher.positions_in
    gram /= teacher.positions_out * (1 if exact else len(rows))
    power = (np.diag(gram) if whole else gram).reshape(sizes)
    entries = power.sum(axis=0).mean(axis=0)
    if not whole:
        return Strength(entries, float(entries.max()), None)
    found = np.linalg.eigvalsh(gram)
    pairs = gram.reshape(*sizes, *sizes)
    largest = [
        np.linalg.eigvalsh(pairs[g, h, :, g, h])[-1]
        for g in range(sizes[0])
        for h in range(sizes[1])
    ]
    rank = int(np.sum(found > 1e-10 * found[-1]))
    return Strength(entries, float(max(*largest, entries.max())), rank)


def _shown(points) -> np.ndarray:
    """Points one at a time or, of too many, random signs on all of them."""
    if points <= MOST_DRAWS:
        return np.eye(points, dtype="float32")
    signs = np.random.default_rng(0).integers(0, 2, (MOST_DRAWS, points))
    return (2 * signs - 1).astype("float32")


def _answers_to(teacher, rows) -> np.ndarray:
    """Answers to rows in one map at a time, with each entry of the kernel: an array of
    shape `(rows · positions_out, representation_in · representation_out · kernel_entries)`."""
    maps, entries = teacher.representation_in, teacher.kernel_entries
    inputs = np.einsum("ip,gf->igpf", rows, np.eye(maps, dtype="float32"))
    units = np.eye(entries, dtype="float32").reshape(*teacher.kernel_shape, 1, entries)
    answers = evaluated(teacher, inputs.reshape(-1, *teacher.input_shape, 1), units)
    answers = answers.reshape(len(rows), maps, teacher.positions_out, -1)
    return np.swapaxes(answers, 1, 2).reshape(len(rows) * teacher.positions_out, -1)
