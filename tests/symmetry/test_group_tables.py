"""Tables of a group: products, inverses and the regular representation."""

import numpy as np

from symclone_tf.symmetry.group_tables import GroupTable
from symclone_tf.symmetry.plane_elements import REFLECTION, closure, element_of


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
