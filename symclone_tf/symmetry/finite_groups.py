"""Permutation groups that are often wanted, ready-made."""

import itertools

import numpy as np

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.symmetry.permutation_groups import PermutationGroup

# Points of a group: far more than whose pairs can be told apart.
MOST_POINTS = 2**24


def cyclic(points) -> PermutationGroup:
    """The turns of a ring of points.

    Args:
        points: Integer, n.

    Returns:
        `PermutationGroup` of n elements. A map that commutes with it is a circular
        convolution, with n weights.

    Example:

    >>> cyclic(4).generators
    array([[3, 0, 1, 2]], dtype=int32)
    """
    turn = np.roll(_line("points", points), 1)
    return PermutationGroup([turn], f"cyclic-{points}", f"C{points}")


def dihedral(points) -> PermutationGroup:
    """The turns and mirror images of a ring of points.

    Args:
        points: Integer, n.

    Returns:
        `PermutationGroup` of 2n elements. A map that commutes with it has ⌊n/2⌋ + 1
        weights, for the distances between points.

    Example:

    >>> dihedral(4).generators
    array([[3, 0, 1, 2],
           [3, 2, 1, 0]], dtype=int32)
    """
    line = _line("points", points)
    generators = [np.roll(line, 1), line[::-1]]
    return PermutationGroup(generators, f"dihedral-{points}", f"D{points}")


def symmetric(points) -> PermutationGroup:
    """All permutations of a set of points.

    Args:
        points: Integer, n.

    Returns:
        `PermutationGroup` of n! elements. A map that commutes with it has two
        weights, for a point itself and for all others.

    Example:

    >>> symmetric(4).generators
    array([[3, 0, 1, 2],
           [1, 0, 2, 3]], dtype=int32)

    Reference:

    - [Zaheer et al., 2017](https://arxiv.org/abs/1703.06114), Deep Sets
    """
    line = _line("points", points)
    exchanged = line.copy()
    exchanged[:2] = line[:2][::-1]
    generators = [np.roll(line, 1), exchanged]
    return PermutationGroup(generators, f"symmetric-{points}", f"S{points}")


def torus(height, width, turns=False) -> PermutationGroup:
    """The shifts of a grid whose opposite edges meet.

    Args:
        height: Integer, rows of the grid.
        width: Integer, columns of the grid; points stand row by row.
        turns: Boolean, whether quarter turns belong to the group, for which the
            grid has to be square.

    Returns:
        `PermutationGroup` of `height · width` elements, or of four times as many.

    Raises:
        ValueError: If there are turns, and the grid is not square.

    Example:

    >>> torus(2, 3).generators
    array([[3, 4, 5, 0, 1, 2],
           [2, 0, 1, 5, 3, 4]], dtype=int32)
    """
    positive_integer("height", height)
    positive_integer("width", width)
    if turns and height != width:
        raise ValueError(
            "`turns` must be False unless height equals width: a quarter turn changes "
            f"the shape of other grids. Received: height={height}, width={width}"
        )
    grid = _line("height · width", height * width).reshape(height, width)
    generators = [np.roll(grid, 1, axis) for axis in (0, 1)]
    generators += [np.rot90(grid)] if turns else []
    flat = [generator.reshape(-1) for generator in generators]
    name, title = f"torus-{height}x{width}", f"torus {height}×{width}"
    if turns:
        name, title = f"{name}-turns", f"{title} with turns"
    return PermutationGroup(flat, name, title)


def hexagonal(radius) -> PermutationGroup:
    """The six-fold turns and mirror images of a hexagonal grid, about its centre.

    Args:
        radius: Integer, steps from the centre to the grid's corners.

    Returns:
        `PermutationGroup` of 12 elements on `3 · radius · (radius + 1) + 1` points,
        which stand row by row.

    Example:

    >>> hexagonal(2).points
    19
    """
    positive_integer("radius", radius)
    check_points("3 · radius · (radius + 1) + 1", 3 * radius * (radius + 1) + 1)
    steps = np.arange(-radius, radius + 1)
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    inside = np.abs(rows + columns) <= radius
    # Two axes at 120°: a sixth of a turn takes (r, c) to (r + c, −r).
    positions = np.stack([rows[inside], columns[inside]])
    moved = (positions[0] + positions[1], -positions[0]), positions[::-1]
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(inside.sum())
    generators = [number[r + radius, c + radius] for r, c in moved]
    return PermutationGroup(
        generators, f"hexagonal-{radius}", f"hexagon of radius {radius}"
    )


def icosahedron(points=12) -> PermutationGroup:
    """The turns of an icosahedron, on its corners, faces or edges.

    The generators, fifths of a turn about two neighbouring corners, are the same
    elements for all three: each can be `group_out` of another.

    Args:
        points: Integer, 12 for corners, 20 for faces, 30 for edges.

    Returns:
        `PermutationGroup` of 60 elements.

    Example:

    >>> icosahedron(20)
    <PermutationGroup icosahedron-20, 20 points, 2 generators>

    Reference:

    - [Cohen et al., 2019](https://arxiv.org/abs/1902.04615)
    """
    one_of("points", points, (12, 20, 30))
    golden = (1 + 5**0.5) / 2
    signs = itertools.product((0.0,), (1.0, -1.0), (golden, -golden))
    rectangle = np.array(list(signs))
    corners = np.concatenate([np.roll(rectangle, axis, axis=1) for axis in range(3)])
    # Neighbouring corners are 2 apart, and so is nothing else.
    apart = np.linalg.norm(corners[:, None] - corners, axis=-1)
    size = {12: 1, 20: 3, 30: 2}[points]
    sets = [
        list(some)
        for some in itertools.combinations(range(12), size)
        if all(abs(apart[a, b] - 2) < 0.1 for a, b in itertools.combinations(some, 2))
    ]
    middles = np.stack([corners[some].mean(axis=0) for some in sets])
    neighbour = int(np.flatnonzero(np.abs(apart[0] - 2) < 0.1)[0])
    generators = []
    for axis in (corners[0], corners[neighbour]):
        moved = middles @ _rotation(axis / np.linalg.norm(axis), 2 * np.pi / 5)
        away = np.linalg.norm(moved[:, None] - middles, axis=-1)
        generators.append(away.argmin(axis=1))
    title = {12: "corners", 20: "faces", 30: "edges"}[points]
    return PermutationGroup(
        generators, f"icosahedron-{points}", f"icosahedron, {title}"
    )


def product(first, second) -> PermutationGroup:
    """Two groups that move the rows and the columns of a table of points.

    Args:
        first: `PermutationGroup`, which moves the rows.
        second: `PermutationGroup`, which moves the columns.

    Returns:
        `PermutationGroup` on `first.points · second.points` points, row by row.

    Example:

    >>> product(symmetric(5), cyclic(8))
    <PermutationGroup symmetric-5-x-cyclic-8, 40 points, 3 generators>
    """
    for name, group in (("first", first), ("second", second)):
        if not isinstance(group, PermutationGroup):
            raise TypeError(
                f"`{name}` must be a PermutationGroup. "
                f"Received: {name} of type {type(group).__name__}"
            )
    grid = _line("first.points · second.points", first.points * second.points)
    grid = grid.reshape(first.points, second.points)
    generators = [grid[rows].reshape(-1) for rows in first.generators]
    generators += [grid[:, columns].reshape(-1) for columns in second.generators]
    return PermutationGroup(
        generators, f"{first.name}-x-{second.name}", f"{first.title} × {second.title}"
    )


def check_points(name, points) -> None:
    """Refuses more points than a group may have.

    Raises:
        MemoryError: If there are more.
    """
    if points > MOST_POINTS:
        raise MemoryError(
            f"`{name}` must be at most {MOST_POINTS:,}. Received: {points:,}, whose "
            f"pairs would take {4 * points**2 / 1e9:.3g} GB of memory"
        )


def _line(name, points) -> np.ndarray:
    positive_integer(name, points)
    check_points(name, points)
    return np.arange(points)


def _rotation(axis, angle) -> np.ndarray:
    """A turn about an axis of length 1, to be multiplied with from the right
    (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turn.T
