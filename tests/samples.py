"""Which of a test's parameters are run, where not all are."""

import collections
import hashlib
import math


def sampled(names, one_in):
    """Some parameters of each test, the same ones every time.

    They are drawn by their names: every Nth of a product of parameters would have the
    same value of some.

    Args:
        names: List of names of tests, as pytest has them.
        one_in: Integer N.

    Returns:
        Set of those of one in N of each test's parameters, and of at least one.
    """
    tests = collections.defaultdict(list)
    for name in names:
        tests[name.partition("[")[0]].append(name)
    return {name for of_test in tests.values() for name in _first(of_test, one_in)}


def sampled_tests(names, one_in):
    """Some tests of each file, with all of their parameters, likewise.

    Args:
        names: List of names of tests, as pytest has them.
        one_in: Integer N.

    Returns:
        Set of those of one in N of each file's tests, and of at least one.
    """
    files = collections.defaultdict(set)
    for name in names:
        test = name.partition("[")[0]
        files[test.partition("::")[0]].add(test)
    kept = set().union(*(_first(tests, one_in) for tests in files.values()))
    return {name for name in names if name.partition("[")[0] in kept}


def _first(names, one_in):
    """One in N of some names, in an order that is drawn by them."""
    return sorted(names, key=_drawn)[: math.ceil(len(names) / one_in)]


def _drawn(name):
    return hashlib.sha256(name.encode()).digest()
