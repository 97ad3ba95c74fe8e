import json

import numpy as np
import pytest

from symclone_tf.symmetry import PermutationGroup, cyclic, dihedral, symmetric

from references import closure


def test_random_words_are_elements_and_reach_all_of_them():
    for group, order in ((cyclic(7), 7), (dihedral(5), 10), (symmetric(4), 24)):
        everything = closure(group.generators.tolist())
        assert len(everything) == order
        drawn = {tuple(word) for word in group.elements(40 * order, seed=1).tolist()}
        assert drawn == everything


def test_random_words_favour_no_element():
    drawn = symmetric(3).elements(6000, seed=3)
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    # Six elements, equally often: 350 would be twelve standard deviations.
    assert len(counts) == 6
    assert np.abs(counts - 1000).max() < 350


def test_elements_of_large_groups_are_drawn_without_enumerating_them():
    drawn = symmetric(500).elements(20)
    assert (np.sort(drawn, axis=1) == np.arange(500)).all()
    assert len(np.unique(drawn, axis=0)) == 20
    fixed = (drawn == np.arange(500)).sum(axis=1)
    assert fixed.mean() < 5  # a random permutation fixes one


def test_words_are_the_same_for_the_same_seed():
    group = dihedral(9)
    np.testing.assert_array_equal(group.elements(5, 2), group.elements(5, 2))
    assert not np.array_equal(group.elements(5, 2), group.elements(5, 3))
    assert group.elements(0).shape == (0, 9)


def test_groups_are_values():
    group = PermutationGroup([[1, 2, 0]], "triangle", "rotations of three")
    same = PermutationGroup(np.array([[1, 2, 0]]), "triangle", "rotations of three")
    assert group == same
    assert len({group, same}) == 1
    assert group != PermutationGroup([[1, 2, 0]], "others")
    assert group != PermutationGroup([[2, 0, 1]], "triangle", "rotations of three")
    assert group != "triangle"
    with pytest.raises(ValueError, match="read-only"):
        group.generators[0, 0] = 2


def test_groups_come_back_from_plain_values():
    config = json.loads(json.dumps(dihedral(5).get_config()))
    assert PermutationGroup.from_config(config) == dihedral(5)


@pytest.mark.parametrize(
    ("generators", "message"),
    [
        ([], r"one or more permutations. Received: generators=\[\]"),
        (5, "one or more permutations. Received: generators=5"),
        ([[0, 0, 1]], r"each integer from 0 to n - 1 once.*\[0\]=\[0 0 1\]"),
        ([[0, 1], [1, 2]], r"each integer from 0 to n - 1 once.*\[1\]=\[1 2\]"),
        ([[0.0, 1.0]], "permutations, which contain"),
        ([[True, False]], "permutations, which contain"),
        ([[]], "permutations, which contain"),
        ([1, 0], "permutations, which contain"),
        ([[[0, 1]]], "permutations, which contain"),
        ([[-1, 0]], "permutations, which contain"),
        ([[1, 0], [1, 2, 0]], "of the same points. Received: generators of lengths 2"),
    ],
)
def test_generators_that_are_no_permutations_are_refused_in_one_line(
    generators, message
):
    with pytest.raises(ValueError, match=message) as error:
        PermutationGroup(generators)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["", "a/b", "../up", "-x", "a.b", "n" * 101, 3])
def test_names_that_are_no_folder_names_are_refused(name):
    with pytest.raises(ValueError, match="`name` must be"):
        PermutationGroup([[1, 0]], name)
