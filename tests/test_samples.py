"""A sample has some parameters of each test, the same ones every time."""

import itertools

from samples import sampled, sampled_tests

PAIRS = [f"test_a.py::test_pair[{x}-{y}]" for x, y in itertools.product("abcd", "0123")]


def test_of_each_test_some_parameters_are_kept_and_at_least_one():
    alone, few = "test_a.py::test_alone", ["test_b.py::test_few[1]"]
    kept = sampled([alone, *PAIRS, *few], 4)
    assert {alone, *few} < kept
    assert len(kept & set(PAIRS)) == 4
    assert len(sampled(PAIRS[:5], 4)) == 2


def test_of_each_parameter_several_values_are_kept():
    """One in four of 16 pairs in their order would have one value of the second."""
    kept = [name[-4:-1].split("-") for name in sampled(PAIRS, 4)]
    assert all(len(set(values)) > 1 for values in zip(*kept))


def test_all_are_kept_unless_told_and_always_the_same():
    assert sampled(PAIRS, 1) == set(PAIRS)
    assert sampled(PAIRS, 3) == sampled(PAIRS[::-1], 3)


def test_of_each_file_some_tests_are_kept_with_all_parameters():
    names = [f"test_b.py::test_{n}[{x}]" for n in range(9) for x in "xyz"]
    kept = sampled_tests([*names, "test_c.py::test_alone"], 4)
    assert "test_c.py::test_alone" in kept
    tests = {name.partition("[")[0] for name in kept & set(names)}
    assert len(tests) == 3
    assert kept & set(names) == {n for n in names if n.partition("[")[0] in tests}
    assert sampled_tests(names, 1) == set(names)
    assert sampled_tests([], 3) == set()
