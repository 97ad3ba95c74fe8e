"""Orbits of points and of pairs of points, computed from generators."""

import functools

import numpy as np
import psutil

from symclone_tf.symmetry.permutation_groups import PermutationGroup
from symclone_tf.types import Array, ArrayLike

# Edges of the graph of pairs, one for each pair and generator: a few seconds, and the
# memory below.
MAX_EDGES = 2**25
# Bytes of the graph and its transpose.
BYTES_PER_PAIR, BYTES_PER_EDGE = 16, 24


def orbits_of(generators: ArrayLike) -> Array:
    """The orbit of each point.

    Orbits are the connected components of the graph in which an edge leads from
    each point to its image under each generator.

    Args:
        generators: Integer array of shape `(generators, points)`.

    Returns:
        Integer array of shape `(points,)`, orbits numbered by their first points.

    Example:

    >>> orbits_of([[1, 0, 2, 4, 3]])
    array([0, 0, 1, 2, 2])
    """
    generators = np.asarray(generators, "int32")
    return _components(np.ascontiguousarray(generators.T))


@functools.lru_cache(maxsize=8)
def orbits_of_pairs(
    group: PermutationGroup, group_out: PermutationGroup | None = None
) -> Array:
    """The orbit of each pair of an output point and an input point.

    Linear maps that commute with the group have one weight for each orbit of pairs.
    The cost is n² edges of a graph for each generator.

    Args:
        group: `PermutationGroup`, acting on input points.
        group_out: `PermutationGroup`, the same group's action on output points, by
            the same generators in the same order; `None` if it is that on inputs.

    Returns:
        Integer array of shape `(positions_out, positions_in)`, orbits numbered by
        their first pairs. It is cached and read-only.

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
    targets = np.empty((group_out.points, group.points, count), "int32")
    for number in range(count):
        rows = outputs[number][:, None] * np.int32(group.points)
        np.add(rows, inputs[number], out=targets[:, :, number])
    labels = _components(targets.reshape(-1, count)).astype("int32")
    labels = labels.reshape(group_out.points, group.points)
    labels.setflags(write=False)
    return labels


def check_generators(group: PermutationGroup, group_out: PermutationGroup) -> None:
    """Refuses two groups that cannot be actions of the same group.

    Raises:
        ValueError: If they have different numbers of generators.
    """
    count, others = len(group.generators), len(group_out.generators)
    if others != count:
        raise ValueError(
            "`group_out` must have as many generators as `group`, for the same "
            f"elements in the same order. Received: {others} generators of "
            f"{group_out.name}, for {count} of {group.name}"
        )


def check_pairs(group: PermutationGroup, group_out: PermutationGroup) -> None:
    """Refuses groups with too many pairs of points to compute their orbits.

    Raises:
        ValueError: If the groups have different numbers of generators.
        MemoryError: If there are too many pairs.
    """
    check_generators(group, group_out)
    count = len(group.generators)
    pairs = group_out.points * group.points
    needed = pairs * (BYTES_PER_PAIR + count * BYTES_PER_EDGE)
    available = psutil.virtual_memory().available
    if pairs * count > MAX_EDGES or needed > available:
        raise MemoryError(
            "`group` has too many points to compute the orbits of their pairs: "
            f"{group_out.points:,} × {group.points:,} pairs with {count} generators "
            f"take {needed / 1e9:.3g} GB of memory. {available / 1e9:.3g} GB are "
            f"available, and at most {MAX_EDGES:,} pairs times generators accepted."
        )


def _components(targets: Array) -> Array:
    """The connected components of a graph with equally many edges at each node.

    Args:
        targets: Integer array of shape `(nodes, edges)`.

    Returns:
        Integer array of shape `(nodes,)`, components numbered by their first nodes.
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
    # Where an index repeats, the last assignment wins: that of the first node.
    first[labels[::-1]] = np.arange(nodes)[::-1]
    order = np.empty(count, "int64")
    order[np.argsort(first)] = np.arange(count)
    return order[labels]
