import numpy as np
import pytest

from symclone_tf.symmetry import (
    cyclic,
    dihedral,
    hexagonal,
    icosahedron,
    orbits_of_pairs,
    product,
    symmetric,
    torus,
)

from references import closure


def entries(group, group_out=None) -> int:
    return int(orbits_of_pairs(group, group_out).max()) + 1


def burnside(group, group_out=None) -> float:
    """The number of orbits of pairs: the mean number of pairs that elements fix."""
    group_out = group if group_out is None else group_out
    both = np.hstack([group.generators, group_out.generators + group.points])
    elements = np.array(sorted(closure(both.tolist())))
    fixed = elements == np.arange(elements.shape[1])
    pairs = fixed[:, : group.points].sum(1) * fixed[:, group.points :].sum(1)
    return pairs.mean()


@pytest.mark.parametrize("points", [1, 2, 3, 4, 7, 12])
def test_rings_and_sets_have_the_known_numbers_of_weights(points):
    assert entries(cyclic(points)) == points
    assert entries(dihedral(points)) == points // 2 + 1
    assert entries(symmetric(points)) == min(points, 2)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (4, 4), (5, 3)])
def test_translations_of_a_torus_have_a_weight_for_each_of_them(size):
    assert entries(torus(*size)) == size[0] * size[1]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_rotations_of_a_torus_rotate_its_translations(size):
    group = torus(size, size, rotations=True)
    assert (group.name, group.title) == (
        f"torus-{size}x{size}-rotations",
        f"torus {size}×{size} with rotations",
    )
    assert len(closure(group.generators.tolist())) in (
        4 * size**2,
        {1: 1, 2: 8}.get(size),
    )
    assert entries(group) == burnside(group)
    odd = size % 2
    assert entries(group) == (size**2 + (3 if odd else 8)) // 4


@pytest.mark.parametrize("radius", [1, 2])
def test_hexagons_are_rotated_by_60_degrees(radius):
    group = hexagonal(radius)
    assert group.points == 3 * radius * (radius + 1) + 1
    rotation, reflection = group.generators
    rotated = np.arange(group.points)
    for _ in range(6):
        rotated = rotated[rotation]
    np.testing.assert_array_equal(rotated, np.arange(group.points))
    np.testing.assert_array_equal(reflection[reflection], np.arange(group.points))
    assert len(closure(group.generators.tolist())) == 12
    # The centre is alone, and the first ring is one orbit of six.
    assert np.bincount(group.orbits)[group.orbits[group.points // 2]] == 1
    assert 6 in np.bincount(group.orbits)
    assert entries(group) == burnside(group)


@pytest.mark.parametrize(
    ("points", "count"), [(12, 4), (20, 8), (30, 16)], ids=["corners", "faces", "edges"]
)
def test_icosahedron_has_sixty_rotations(points, count):
    group = icosahedron(points)
    assert group.points == points
    assert len(closure(group.generators.tolist())) == 60
    assert entries(group) == count == burnside(group)
    assert group.orbits.max() == 0


def test_rotations_of_corners_and_faces_are_the_same():
    """From a corner, faces are at four distances."""
    both = [icosahedron(12), icosahedron(20)]
    joint = np.hstack([both[0].generators, both[1].generators + 12])
    assert len(closure(joint.tolist())) == 60
    assert entries(*both) == 4 == burnside(*both)


def test_products_have_the_products_of_weights():
    group = product(symmetric(4), cyclic(5))
    assert group.points == 20
    assert entries(group) == 2 * 5
    three = product(group, symmetric(3))
    assert entries(three) == 2 * 5 * 2
    assert entries(product(cyclic(3), cyclic(4))) == entries(torus(3, 4))


def test_generators_act_as_numpy_rolls_and_rotates(rng):
    signal = rng.normal(size=9)
    np.testing.assert_array_equal(signal[cyclic(9).generators[0]], np.roll(signal, 1))
    grid = rng.normal(size=(4, 4))
    down, right, rotation = torus(4, 4, rotations=True).generators
    for generator, expected in (
        (down, np.roll(grid, 1, 0)),
        (right, np.roll(grid, 1, 1)),
        (rotation, np.rot90(grid)),
    ):
        np.testing.assert_array_equal(grid.reshape(-1)[generator], expected.reshape(-1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: torus(3, 4, rotations=True),
            "`rotations` must be False unless.*width=4",
        ),
        (lambda: torus(0, 4), "`height` must be a positive integer"),
        (lambda: cyclic(2.0), "`points` must be a positive integer"),
        (lambda: hexagonal(True), "`radius` must be a positive integer"),
        (lambda: icosahedron(13), "`points` must be one of 12, 20, 30. Received"),
    ],
)
def test_sizes_that_are_not_accepted_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: symmetric(10**10),
        lambda: torus(10**5, 10**5),
        lambda: hexagonal(10**6),
        lambda: product(cyclic(10**4), cyclic(10**4)),
    ],
)
def test_gigantic_groups_are_refused_before_they_are_made(make):
    with pytest.raises(
        MemoryError, match=r"must be at most 16,777,216. Received: .*GB"
    ):
        make()


def test_products_of_something_else_are_refused():
    with pytest.raises(TypeError, match="`second` must be a PermutationGroup"):
        product(cyclic(3), "c4")
