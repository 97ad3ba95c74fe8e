"""Which input points an output point sees, and what can be shown at once."""

import functools

import numpy as np

# Entries of the pattern that a teacher is asked for at most.
MOST_ENTRIES = 2**30


@functools.lru_cache(maxsize=16)
def receptive_fields_of(teacher) -> np.ndarray:
    """The input points that each output point of a teacher depends on.

    Args:
        teacher: `Teacher`; one that does not name them is asked with unit
            impulses.

    Returns:
        Integer array of shape `(positions_out, r)`, −1 where there are fewer.

    Raises:
        ValueError: If the neighbourhoods that the teacher names do not fit it.
        MemoryError: If the teacher has too many points to be asked.
    """
    named = teacher.receptive_fields
    return _asked(teacher) if named is None else _fitting(teacher, np.asarray(named))


def receptive_field_size_of(teacher) -> int:
    """How many input points an output point sees, r."""
    named = teacher.receptive_field_size
    return receptive_fields_of(teacher).shape[1] if named is None else named


def _fitting(teacher, named) -> np.ndarray:
    """Refuses neighbourhoods that are none of a teacher's points."""
    integers = named.dtype.kind in "iu" and named.ndim == 2 and named.size
    fits = integers and len(named) == teacher.positions_out
    if not fits or named.min() < -1 or named.max() >= teacher.positions_in:
        raise ValueError(
            f"`receptive_fields` of {teacher.title} must be integers of shape "
            f"({teacher.positions_out}, r), from -1 to {teacher.positions_in - 1}. Received: "
            f"{named.dtype} of shape {named.shape}"
            + (f", from {named.min()} to {named.max()}" if integers else "")
        )
    return named


def _asked(teacher) -> np.ndarray:
    """Pads, with −1, the points whose impulse reaches each output point."""
    positions_in, positions_out = teacher.positions_in, teacher.positions_out
    if positions_in * positions_out > MOST_ENTRIES:
        raise MemoryError(
            f"{teacher.title} names no neighbourhoods, and has too many points to be "
            f"asked for them: {positions_in} × {positions_out}"
        )
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(*teacher.kernel_shape, 1, 1)).astype("float32")
    seen = np.zeros((positions_in, positions_out), bool)
    for map_in in range(teacher.representation_in):
        for start in range(0, positions_in, 256):
            rows = np.eye(
                min(256, positions_in - start), positions_in, start, dtype="f4"
            )
            inputs = np.zeros(
                (len(rows), positions_in, teacher.representation_in), "float32"
            )
            inputs[:, :, map_in] = rows
            answers = teacher(inputs.reshape(-1, *teacher.input_shape, 1), kernel)
            answers = np.reshape(answers, (len(rows), positions_out, -1))
            seen[start : start + len(rows)] |= np.any(answers != 0, axis=-1)
    counts = seen.sum(axis=0)
    positions = np.argsort(~seen, axis=0, kind="stable")[: max(1, counts.max())].T
    return np.where(np.arange(positions.shape[1]) < counts[:, None], positions, -1)


@functools.lru_cache(maxsize=16)
def colours_of(teacher) -> np.ndarray:
    """Colours of the input points, such that no output point sees one twice.

    Points of one colour can be shown at once, and tell as much as one at a time.

    Args:
        teacher: `Teacher`.

    Returns:
        Integer array of shape `(positions_in,)`, colours counted from 0.

    Example:

    >>> sorted(set(colours_of(ConvTeacher("t2", 8)).tolist())) == list(range(9))
    True
    """
    seen = receptive_fields_of(teacher)
    grid = teacher.input_shape[: len(_grid(teacher))]
    if len(grid) and np.prod(grid) == teacher.positions_in:
        positions = np.stack(np.unravel_index(np.maximum(seen, 0), grid))
        lowest = np.where(seen < 0, np.array(grid).reshape(-1, 1, 1), positions).min(-1)
        highest = np.where(seen < 0, -1, positions).max(-1)
        reach = np.maximum(highest - lowest + 1, 1).max(axis=1)
        every = np.stack(np.unravel_index(np.arange(teacher.positions_in), grid))
        # Dilated windows see every second point, or every third.
        for step in range(1, reach.max() + 1):
            tile = -(-reach // step)
            positions = tuple(every // step % tile[:, None])
            _, colours = np.unique(
                np.ravel_multi_index(positions, tile), return_inverse=True
            )
            few = colours.max() < 2 * seen.shape[1]
            if few and not _sees_twice(seen, colours):
                return colours
    return _greedy(seen, teacher.positions_in)


def _sees_twice(seen, colours) -> bool:
    """Whether an output point sees two points of one colour."""
    nothing = -1 - np.arange(seen.shape[1])
    found = np.sort(np.where(seen < 0, nothing, colours[seen]), axis=1)
    return bool(np.any(found[:, 1:] == found[:, :-1]))


def _grid(teacher) -> tuple[int, ...]:
    """The axes of an input that are places, before those that are maps."""
    shape, points = [], 1
    for size in teacher.input_shape:
        if points == teacher.positions_in:
            break
        shape.append(size)
        points *= size
    return tuple(shape)


def _greedy(seen, points) -> np.ndarray:
    """The lowest colour that no point has with which one is seen together."""
    together = [set() for _ in range(points)]
    for positions in seen:
        positions = positions[positions >= 0].tolist()
        for position in positions:
            together[position].update(positions)
    colours = np.full(points, -1)
    for point in range(points):
        taken = {colours[other] for other in together[point]}
        colours[point] = next(c for c in range(len(taken) + 1) if c not in taken)
    return colours
