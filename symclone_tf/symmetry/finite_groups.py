"""Common permutation groups: of rings, sets, grids and the icosahedron."""

import itertools

import numpy as np

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.symmetry.permutation_groups import PermutationGroup
from symclone_tf.types import Array

# Points of a group: far more than the orbits of pairs can be found for.
MAX_POINTS = 2**24


def cyclic(points: int) -> PermutationGroup:
    """The cyclic group Cn: all rotations of a ring of points.

    Args:
        points: Integer, n.

    Returns:
        `PermutationGroup` of n elements. A linear map that commutes with it is a
        circular convolution, with n weights.

    Example:

    >>> cyclic(4).generators
    array([[3, 0, 1, 2]], dtype=int32)
    """
    rotation = np.roll(_identity("points", points), 1)
    return PermutationGroup([rotation], f"cyclic-{points}", f"C{points}")


def dihedral(points: int) -> PermutationGroup:
    """The dihedral group Dn: all rotations and reflections of a ring of points.

    Args:
        points: Integer, n.

    Returns:
        `PermutationGroup` of 2n elements. A linear map that commutes with it has
        ⌊n/2⌋ + 1 weights, one for each distance between points.

    Example:

    >>> dihedral(4).generators
    array([[3, 0, 1, 2],
           [3, 2, 1, 0]], dtype=int32)
    """
    identity = _identity("points", points)
    generators = [np.roll(identity, 1), identity[::-1]]
    return PermutationGroup(generators, f"dihedral-{points}", f"D{points}")


def symmetric(points: int) -> PermutationGroup:
    """The symmetric group Sn: all permutations of a set of points.

    Args:
        points: Integer, n.

    Returns:
        `PermutationGroup` of n! elements. A linear map that commutes with it has two
        weights: one for a point itself, one for all others.

    Example:

    >>> symmetric(4).generators
    array([[3, 0, 1, 2],
           [1, 0, 2, 3]], dtype=int32)

    Reference:

    - [Zaheer et al., 2017](https://arxiv.org/abs/1703.06114), Deep Sets
    """
    identity = _identity("points", points)
    transposition = identity.copy()
    transposition[:2] = identity[:2][::-1]
    generators = [np.roll(identity, 1), transposition]
    return PermutationGroup(generators, f"symmetric-{points}", f"S{points}")


def torus(height: int, width: int, rotations: bool = False) -> PermutationGroup:
    """The translations of a grid with periodic boundaries.

    Args:
        height: Integer, rows of the grid.
        width: Integer, columns of the grid. Points are numbered row by row.
        rotations: Boolean, whether the group contains rotations by 90° too, which
            need a square grid.

    Returns:
        `PermutationGroup` of `height · width` elements, or of four times as many
        with rotations.

    Raises:
        ValueError: If `rotations` is `True` and the grid is not square.

    Example:

    >>> torus(2, 3).generators
    array([[3, 4, 5, 0, 1, 2],
           [2, 0, 1, 5, 3, 4]], dtype=int32)
    """
    positive_integer("height", height)
    positive_integer("width", width)
    if rotations and height != width:
        raise ValueError(
            "`rotations` must be False unless `height` equals `width`: a rotation by "
            "90° changes the shape of other grids. "
            f"Received: height={height}, width={width}"
        )
    grid = _identity("height · width", height * width).reshape(height, width)
    generators = [np.roll(grid, 1, axis) for axis in (0, 1)]
    generators += [np.rot90(grid)] if rotations else []
    flat = [generator.reshape(-1) for generator in generators]
    name, title = f"torus-{height}x{width}", f"torus {height}×{width}"
    if rotations:
        name, title = f"{name}-rotations", f"{title} with rotations"
    return PermutationGroup(flat, name, title)


def hexagonal(radius: int) -> PermutationGroup:
    """The rotations by 60° and the reflections of a hexagonal grid about its centre.

    Args:
        radius: Integer, steps from the centre to the grid's corners.

    Returns:
        `PermutationGroup` of 12 elements on `3 · radius · (radius + 1) + 1` points,
        numbered row by row.

    Example:

    >>> hexagonal(2).points
    19
    """
    positive_integer("radius", radius)
    check_points("3 · radius · (radius + 1) + 1", 3 * radius * (radius + 1) + 1)
    steps = np.arange(-radius, radius + 1)
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    inside = np.abs(rows + columns) <= radius
    # In axial coordinates, a rotation by 60° takes (r, c) to (r + c, −r).
    r, c = rows[inside], columns[inside]
    rotated, reflected = (r + c, -r), (c, r)
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(inside.sum())
    generators = [number[r + radius, c + radius] for r, c in (rotated, reflected)]
    return PermutationGroup(
        generators, f"hexagonal-{radius}", f"hexagon of radius {radius}"
    )


def icosahedron(points: int = 12) -> PermutationGroup:
    """The rotations of an icosahedron, acting on its corners, faces or edges.

    The generators, rotations by 72° about two neighbouring corners, are the same
    elements in all three cases: each group can be the `group_out` of another.

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
    # Neighbouring corners, and no others, have distance 2.
    distance = np.linalg.norm(corners[:, None] - corners, axis=-1)
    adjacent = np.abs(distance - 2) < 0.1
    size = {12: 1, 20: 3, 30: 2}[points]
    cells = [
        list(cell)
        for cell in itertools.combinations(range(12), size)
        if all(adjacent[a, b] for a, b in itertools.combinations(cell, 2))
    ]
    centres = np.stack([corners[cell].mean(axis=0) for cell in cells])
    neighbour = int(np.flatnonzero(adjacent[0])[0])
    generators = []
    for axis in (corners[0], corners[neighbour]):
        rotation = _rotation(axis / np.linalg.norm(axis), 2 * np.pi / 5)
        rotated = centres @ rotation
        distance = np.linalg.norm(rotated[:, None] - centres, axis=-1)
        generators.append(distance.argmin(axis=1))
    title = {12: "corners", 20: "faces", 30: "edges"}[points]
    return PermutationGroup(
        generators, f"icosahedron-{points}", f"icosahedron, {title}"
    )


def product(first: PermutationGroup, second: PermutationGroup) -> PermutationGroup:
    """The direct product of two groups, acting on rows and columns of a table.

    Args:
        first: `PermutationGroup`, which permutes the rows.
        second: `PermutationGroup`, which permutes the columns.

    Returns:
        `PermutationGroup` on `first.points · second.points` points, row by row.

    Raises:
        TypeError: If one is not a `PermutationGroup`.

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
    count = first.points * second.points
    grid = _identity("first.points · second.points", count)
    grid = grid.reshape(first.points, second.points)
    generators = [grid[rows].reshape(-1) for rows in first.generators]
    generators += [grid[:, columns].reshape(-1) for columns in second.generators]
    return PermutationGroup(
        generators, f"{first.name}-x-{second.name}", f"{first.title} × {second.title}"
    )


def check_points(name: str, points: int) -> None:
    """Refuses more points than a group may have.

    Raises:
        MemoryError: If there are more than `MAX_POINTS`.
    """
    if points > MAX_POINTS:
        raise MemoryError(
            f"`{name}` must be at most {MAX_POINTS:,}. Received: {points:,}, whose "
            f"pairs would take {4 * points**2 / 1e9:.3g} GB of memory"
        )


def _identity(name: str, points: int) -> Array:
    """The identity permutation of a number of points, which is checked."""
    positive_integer(name, points)
    check_points(name, points)
    return np.arange(points)


def _rotation(axis: Array, angle: float) -> Array:
    """Rodrigues' matrix of a rotation about a unit vector, for multiplication from
    the right."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return matrix.T
