"""Signed permutations of two axes, and the groups that they generate."""

import itertools

import numpy as np
import pytest

from symclone_tf.symmetry.signed_permutations import (
    HALF_ROTATION,
    QUARTER_ROTATION,
    REFLECTION,
    closure,
    element_title,
    signed_permutation,
)

# All of two axes: the axes in either order, each with either sign.
ALL = [
    np.diag(signs) @ np.eye(2, dtype=int)[list(order)]
    for signs in itertools.product((1, -1), repeat=2)
    for order in ((0, 1), (1, 0))
]


def test_there_are_eight_and_others_are_refused():
    entries = itertools.product((-1, 0, 1), repeat=4)
    matrices = [np.reshape(entry, (2, 2)) for entry in entries]
    accepted = 0
    for matrix in matrices:
        if any(np.array_equal(matrix, element) for element in ALL):
            np.testing.assert_array_equal(signed_permutation(0, matrix), matrix)
            accepted += 1
        else:
            with pytest.raises(ValueError, match=r"signed perm.*generators\[2\]"):
                signed_permutation(2, matrix)
    assert accepted == 8


@pytest.mark.parametrize(
    ("generators", "order"),
    [
        ([], 1),
        ([HALF_ROTATION], 2),
        ([QUARTER_ROTATION], 4),
        ([HALF_ROTATION, REFLECTION], 4),
        ([QUARTER_ROTATION, REFLECTION], 8),
    ],
)
def test_closure_has_all_products_once(generators, order):
    elements = closure([np.array(generator) for generator in generators])
    keys = {tuple(element.ravel()) for element in elements}
    assert len(elements) == len(keys) == order
    products = {tuple((a @ b).ravel()) for a in elements for b in elements}
    assert products == keys


def test_titles_say_what_an_element_does():
    quarter, reflection = np.array(QUARTER_ROTATION), np.array(REFLECTION)
    assert element_title(np.eye(2, dtype=int)) == "original"
    assert element_title(quarter) == "rotated by 90°"
    assert element_title(quarter @ quarter @ quarter) == "rotated by 270°"
    assert element_title(reflection) == "reflected"
    assert element_title(quarter @ reflection) == "reflected, rotated by 90°"
