"""What a point group does to the copies of an image."""

import numpy as np
import pytest

from symclone_tf.symmetry import CopiesPermutation, get_group

from references import ACTIONS


@pytest.mark.parametrize("group", ["flip", "c4", "d4"])
def test_a_transformed_image_has_the_same_copies_in_another_order(group, rng):
    image, actions, whole = rng.normal(size=(5, 5)), ACTIONS[group], get_group(group)

    def copies(x):
        return np.stack([actions[whole.inverse[h]](x) for h in range(whole.order)])

    for element, action in enumerate(actions):
        permutation = CopiesPermutation(group, element)
        found = permutation.inputs(copies(image)[None])[0]
        np.testing.assert_array_equal(found, copies(action(image)))
        there = permutation.inputs(copies(image)[None])
        back = permutation.inverse().outputs(there)[0]
        np.testing.assert_array_equal(back, copies(image))


def test_permutations_of_copies_are_exact_in_any_group():
    permutation = CopiesPermutation("c8", 1)
    assert not permutation.interpolates
    assert permutation.title == "rotated by 45°"
    copies = np.arange(8.0).reshape(1, 8, 1)
    np.testing.assert_array_equal(permutation.inputs(copies)[0, :3, 0], [7, 0, 1])
