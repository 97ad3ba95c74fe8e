"""Receptive fields of a teacher, and colours that tell their positions apart."""

import functools

import numpy as np

from symclone_tf.teachers import Teacher
from symclone_tf.types import Array

# The largest matrix of input and output positions to evaluate a teacher for.
MOST_ENTRIES = 2**30


# Teachers are values, and students need these arrays in every call: the caches keep
# them for the teachers that are in use.
@functools.lru_cache(maxsize=16)
def receptive_fields_of(teacher: Teacher) -> Array:
    """The input positions that each output position of a teacher depends on.

    Args:
        teacher: `Teacher`; one that declares no receptive fields is evaluated for
            unit impulses.

    Returns:
        Integer array of shape `(positions_out, r)`, −1 where there are fewer.

    Raises:
        ValueError: If the declared receptive fields do not fit the teacher.
        MemoryError: If the teacher has too many positions to be evaluated.
    """
    declared = teacher.receptive_fields
    if declared is None:
        return _evaluated(teacher)
    return _checked(teacher, np.asarray(declared))


def receptive_field_size_of(teacher: Teacher) -> int:
    """The number of input positions in a receptive field, r.

    Args:
        teacher: `Teacher`.

    Returns:
        Integer.
    """
    declared = teacher.receptive_field_size
    return receptive_fields_of(teacher).shape[1] if declared is None else declared


def _checked(teacher: Teacher, declared: Array) -> Array:
    """Refuses receptive fields with other positions than the teacher's."""
    integers = declared.dtype.kind in "iu" and declared.ndim == 2 and declared.size
    fits = integers and len(declared) == teacher.positions_out
    if not fits or declared.min() < -1 or declared.max() >= teacher.positions_in:
        raise ValueError(
            f"`receptive_fields` of {teacher.title} must be integers of shape "
            f"({teacher.positions_out}, r), from -1 to {teacher.positions_in - 1}. "
            f"Received: {declared.dtype} of shape {declared.shape}"
            + (f", from {declared.min()} to {declared.max()}" if integers else "")
        )
    return declared


def _evaluated(teacher: Teacher) -> Array:
    """The positions whose impulse reaches each output position, padded by −1."""
    positions_in, positions_out = teacher.positions_in, teacher.positions_out
    if positions_in * positions_out > MOST_ENTRIES:
        raise MemoryError(
            f"{teacher.title} declares no receptive fields, and has too many positions "
            f"to be evaluated for them: {positions_in} × {positions_out}"
        )
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(*teacher.kernel_shape, 1, 1)).astype("float32")
    depends = np.zeros((positions_in, positions_out), bool)
    for feature_map in range(teacher.representation_in):
        for start in range(0, positions_in, 256):
            count = min(256, positions_in - start)
            shape = (count, positions_in, teacher.representation_in)
            inputs = np.zeros(shape, "float32")
            inputs[:, :, feature_map] = np.eye(count, positions_in, start)
            outputs = teacher(inputs.reshape(-1, *teacher.input_shape, 1), kernel)
            outputs = np.reshape(outputs, (count, positions_out, -1))
            depends[start : start + count] |= np.any(outputs != 0, axis=-1)
    counts = depends.sum(axis=0)
    fields = np.argsort(~depends, axis=0, kind="stable")[: max(1, counts.max())].T
    return np.where(np.arange(fields.shape[1]) < counts[:, None], fields, -1)


@functools.lru_cache(maxsize=16)
def colours_of(teacher: Teacher) -> Array:
    """Colours of the input positions, no two of which are equal in a receptive field.

    Impulses at all positions of a colour can be evaluated at once, and their
    responses told apart.

    Args:
        teacher: `Teacher`.

    Returns:
        Integer array of shape `(positions_in,)`, colours counted from 0.

    Example:

    >>> sorted(set(colours_of(ConvTeacher("t2", 8)).tolist())) == list(range(9))
    True
    """
    fields = receptive_fields_of(teacher)
    grid = _grid(teacher)
    if len(grid) and np.prod(grid) == teacher.positions_in:
        indices = np.stack(np.unravel_index(np.maximum(fields, 0), grid))
        sizes = np.array(grid).reshape(-1, 1, 1)
        lowest = np.where(fields < 0, sizes, indices).min(-1)
        highest = np.where(fields < 0, -1, indices).max(-1)
        extent = np.maximum(highest - lowest + 1, 1).max(axis=1)
        every = np.stack(np.unravel_index(np.arange(teacher.positions_in), grid))
        # Dilated receptive fields have every second position, or every third.
        for step in range(1, extent.max() + 1):
            tile = -(-extent // step)
            in_tile = tuple(every // step % tile[:, None])
            _, colours = np.unique(
                np.ravel_multi_index(in_tile, tile), return_inverse=True
            )
            few = colours.max() < 2 * fields.shape[1]
            if few and not _have_a_colour_twice(fields, colours):
                return colours
    return _greedy(fields, teacher.positions_in)


def _have_a_colour_twice(fields: Array, colours: Array) -> bool:
    """Whether a receptive field has two positions of one colour."""
    none = -1 - np.arange(fields.shape[1])
    found = np.sort(np.where(fields < 0, none, colours[fields]), axis=1)
    return bool(np.any(found[:, 1:] == found[:, :-1]))


def _grid(teacher: Teacher) -> tuple[int, ...]:
    """The axes of an input that index positions, before that of feature maps."""
    shape: list[int] = []
    positions = 1
    for size in teacher.input_shape:
        if positions == teacher.positions_in:
            break
        shape.append(size)
        positions *= size
    return tuple(shape)


def _greedy(fields: Array, count: int) -> Array:
    """For each position the lowest colour that none has of those with which it shares
    a receptive field."""
    together: list[set[int]] = [set() for _ in range(count)]
    for field in fields:
        positions = field[field >= 0].tolist()
        for position in positions:
            together[position].update(positions)
    colours = np.full(count, -1)
    for position in range(count):
        taken = {colours[other] for other in together[position]}
        colours[position] = next(c for c in range(len(taken) + 1) if c not in taken)
    return colours
