"""Orbits of points and of pairs of points, found from generators."""

import functools

import numpy as np
import psutil

# Pairs that generators may move, all together: what takes seconds, and the memory
# below.
MOST_MOVED = 2**25
# Bytes for each pair, and for each move of one: a graph, and its transpose.
PER_PAIR, PER_MOVE = 16, 24


def orbits_of(generators) -> np.ndarray:
    """Which orbit each point is in.

    Orbits are the connected components of the graph in which an edge leads from
    each point to where each generator takes it.

    Args:
        generators: Integer array of shape `(generators, points)`.

    Returns:
        Integer array of shape `(points,)`, orbits counted in the order of points.

    Example:

    >>> orbits_of([[1, 0, 2, 4, 3]])
    array([0, 0, 1, 2, 2])
    """
    generators = np.asarray(generators, "int32")
    return _components(np.ascontiguousarray(generators.T))


@functools.lru_cache(maxsize=8)
def orbits_of_pairs(group, group_out=None) -> np.ndarray:
    """Which orbit each pair of an output point and an input point is in.

    The maps that commute with the group have one weight for each orbit of pairs.
    That is n² pairs, or edges, for each generator.

    Args:
        group: `PermutationGroup`, as it moves input points.
        group_out: `PermutationGroup`, the same group as it moves output points: its
            generators, in their order; `None` for the same points.

    Returns:
        Integer array of shape `(positions_out, positions_in)`, orbits counted in the order
        of pairs.

    Raises:
        ValueError: If the groups have different numbers of generators.
        MemoryError: If there are too many pairs.

    Example:

    >>> orbits_of_pairs(symmetric(3))
    array([[0, 1, 1],
           [1, 0, 1],
           [1, 1, 0]], dtype=int32)

    Reference:

    - [Ravanbakhsh, Schneider & Poczos, 2017](https://arxiv.org/abs/1702.08389)
    """
    group_out = group if group_out is None else group_out
    check_pairs(group, group_out)
    inputs, outputs = group.generators, group_out.generators
    count = len(inputs)
    moved = np.empty((group_out.points, group.points, count), "int32")
    for number in range(count):
        rows = outputs[number][:, None] * np.int32(group.points)
        np.add(rows, inputs[number], out=moved[:, :, number])
    labels = _components(moved.reshape(-1, count)).astype("int32")
    labels = labels.reshape(group_out.points, group.points)
    labels.setflags(write=False)
    return labels


def check_generators(group, group_out) -> None:
    """Refuses groups that cannot be the same one.

    Raises:
        ValueError: If they have different numbers of generators.
    """
    count, others = len(group.generators), len(group_out.generators)
    if others != count:
        raise ValueError(
            "`group_out` must have as many generators as `group`, which are the same "
            f"elements in the same order. Received: {others} generators of "
            f"{group_out.name}, for {count} of {group.name}"
        )


def check_pairs(group, group_out) -> None:
    """Refuses groups whose orbits of pairs cannot be found.

    Raises:
        ValueError: If the groups have different numbers of generators.
        MemoryError: If there are too many pairs.
    """
    check_generators(group, group_out)
    count = len(group.generators)
    pairs = group_out.points * group.points
    needed = pairs * (PER_PAIR + count * PER_MOVE)
    available = psutil.virtual_memory().available
    if pairs * count > MOST_MOVED or needed > available:
        raise MemoryError(
            f"`group` has too many points for its pairs to be told apart: {count} "
            f"generators move {group_out.points:,} × {group.points:,} pairs, which "
            f"takes {needed / 1e9:.3g} GB of memory. {available / 1e9:.3g} GB are "
            f"available, for at most {MOST_MOVED:,} moves of pairs."
        )


def _components(targets) -> np.ndarray:
    """The components of a graph whose nodes have as many edges each.

    Args:
        targets: Integer array of shape `(nodes, edges)`.

    Returns:
        Integer array of shape `(nodes,)`, components counted by their first nodes.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    nodes, edges = targets.shape
    starts = np.arange(0, nodes * edges + 1, edges, dtype="int32")
    graph = csr_array(
        (np.ones(nodes * edges), targets.reshape(-1), starts), (nodes, nodes)
    )
    count, labels = connected_components(graph, directed=False)
    first = np.empty(count, "int64")
    # Of several values for one place, the last stays: that of the first node.
    first[labels[::-1]] = np.arange(nodes)[::-1]
    order = np.empty(count, "int64")
    order[np.argsort(first)] = np.arange(count)
    return order[labels]
