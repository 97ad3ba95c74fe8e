"""Tables of a group: products, inverses and the regular representation."""

import numpy as np
import pytest

from symclone_tf.symmetry.group_tables import GroupTable, closed
from symclone_tf.symmetry.plane_elements import (
    IDENTITY,
    REFLECTION,
    closure,
    element_of,
)


def test_a_reflection_is_its_own_inverse():
    table = GroupTable(closure([element_of(0, REFLECTION)]))
    assert (table.order, table.is_trivial, table.representation_shape) == (
        2,
        False,
        (2,),
    )
    np.testing.assert_array_equal(table.product, [[0, 1], [1, 0]])
    np.testing.assert_array_equal(table.inverse, [0, 1])
    assert table.element_titles == ("original", "reflected")
    np.testing.assert_array_equal(table.representation_permutation(1), [1, 0])


def test_without_generators_there_is_no_representation():
    table = GroupTable(closure([]))
    assert (table.order, table.is_trivial, table.representation_shape) == (1, True, ())


def test_products_are_checked_as_they_are_found():
    quarter = element_of(0, ((0, -1), (1, 0)))
    counts = []
    found = closed(IDENTITY, [quarter], lambda new, all_: counts.append(len(all_)))
    assert [each.title for each in found[:2]] == ["original", "rotated by 90°"]
    assert counts == [2, 3, 4]

    def refuse(new, elements):
        raise ValueError("too many")

    with pytest.raises(ValueError, match="too many"):
        closed(IDENTITY, [quarter], refuse)


def test_positions_and_representation_are_permuted_together(rng):
    """`(s·f)[u, h] = f[s⁻¹u, s⁻¹h]`, of three points of which two are exchanged."""
    table = GroupTable(closure([element_of(0, REFLECTION)]))
    points = np.array([[0, 1, 2], [2, 1, 0]])
    features = rng.normal(size=(3, 2))
    same, moved = features.ravel()[table.joint_permutations(points)]
    np.testing.assert_array_equal(same.reshape(3, 2), features)
    np.testing.assert_array_equal(moved.reshape(3, 2), features[::-1, ::-1])
