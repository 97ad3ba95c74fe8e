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
    return {
        name
        for of_test in tests.values()
        for name in sorted(of_test, key=_drawn)[: math.ceil(len(of_test) / one_in)]
    }


def _drawn(name):
    return hashlib.sha256(name.encode()).digest()
