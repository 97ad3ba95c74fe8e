import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.symmetry import PermutationGroup, cyclic, orbits_of_pairs, product
from symclone_tf.symmetry import symmetric as sets
from symclone_tf.teachers.pair_sums import PairSums

from clones import relative

# Two rings of different sizes that are rotated together; and two sets.
RINGS = PermutationGroup(
    [np.concatenate([np.roll(np.arange(6), 1), 6 + np.roll(np.arange(9), 1)])]
)
SETS = PermutationGroup(
    [
        [*np.roll(np.arange(20), 1), *(20 + np.roll(np.arange(30), 1))],
        [1, 0, *range(2, 20), 21, 20, *range(22, 50)],
    ]
)
CASES = {
    "ring": (cyclic(7), None, False),
    "set": (sets(16), None, True),
    "sets of sets": (product(sets(8), sets(8)), None, True),
    "two rings": (RINGS, None, False),
    "two sets": (SETS, None, True),
    "two sets to a point": (SETS, PermutationGroup([[0], [0]]), True),
    "a point to two sets": (PermutationGroup([[0], [0]]), SETS, False),
    "a pair to a set": (PermutationGroup([[1, 0], [0, 1]]), sets(5), False),
}


def pair_sums(group, group_out=None):
    orbits = orbits_of_pairs(group, group_out)
    sizes = np.bincount(orbits.reshape(-1))
    return PairSums(orbits, sizes, (group_out or group).orbits, group.orbits)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("compiled", [False, True])
def test_sums_are_those_of_a_loop(rng, case, compiled):
    group, group_out, gathers = CASES[case]
    sums = pair_sums(group, group_out)
    assert sums.gathers == gathers
    positions_out, positions_in = sums.orbits.shape
    x = rng.normal(size=(3, positions_in, 2)).astype("float32")
    kernel = rng.normal(size=(sums.orbits.max() + 1, 2, 4)).astype("float32")
    expected = np.zeros((3, positions_out, 4))
    for q in range(positions_out):
        for p in range(positions_in):
            expected[:, q] += x[:, p] @ kernel[sums.orbits[q, p]]
    call = tf.function(sums, jit_compile=True) if compiled else sums
    found = call(tf.constant(x), tf.constant(kernel))
    assert relative(np.asarray(found), expected) < 1e-5


def test_sets_are_not_multiplied_pair_by_pair():
    sums = pair_sums(sets(512))
    assert sums.operations == 512 * 2
    graph = tf.function(sums).get_concrete_function(
        tf.TensorSpec((4, 512, 3)), tf.TensorSpec((2, 3, 5))
    )
    largest = max(
        output.shape.num_elements()
        for operation in graph.graph.get_operations()
        for output in operation.outputs
        if output.shape.rank is not None
    )
    assert largest == 4 * 512 * 2 * 3  # one matrix would have 512·512·3·5 entries
    assert pair_sums(cyclic(30)).operations == 30 * 30
