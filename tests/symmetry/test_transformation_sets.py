import numpy as np
import pytest

from symclone_tf.symmetry import cyclic, icosahedron
from symclone_tf.symmetry.transformation_sets import (
    permutations_of,
    transformations_of,
)

from references import closure


def test_transformations_are_all_elements_but_the_identity(rng):
    images = rng.normal(size=(1, 5, 5, 1))
    transformed = [g.inputs(images).tobytes() for g in transformations_of("d4")]
    assert len({images.tobytes(), *transformed}) == 8
    assert len(transformations_of("t2", max_translation=2)) == 24


def test_permutations_are_of_the_same_element_on_both_sides(rng):
    corners, faces = icosahedron(12), icosahedron(20)
    both = np.hstack([corners.generators, 12 + faces.generators])
    elements = closure(both.tolist())
    transformations = permutations_of(corners, faces, words=9)
    assert len(transformations) == 2 + 9
    for g in transformations:
        joint = [*g.permutation_in, *(12 + g.permutation_out)]
        assert tuple(joint) in elements
    again = permutations_of(corners, faces, words=9)
    for g, same in zip(transformations, again):
        np.testing.assert_array_equal(g.permutation_in, same.permutation_in)
    titles = [g.title for g in transformations]
    assert titles[1:3] == ["generator 2", "element 1"]


def test_group_out_is_for_permutation_groups():
    with pytest.raises(ValueError, match="`group_out` is for a `group` that is a Perm"):
        transformations_of("c4", group_out=cyclic(4))
