"""Parameters of tests that run for every group."""

import pytest

from symclone_tf.symmetry.point_groups import GROUPS

KINDS = [
    (name, lifting)
    for name, group in GROUPS.items()
    for lifting in ((True,) if group.is_trivial else (True, False))
]
# Groups that add least to the others, for slow tests.
LAST = ("c2", "d4")
CASES = pytest.mark.parametrize(
    ("group", "lifting"),
    [
        pytest.param(*kind, marks=[pytest.mark.slow] * (kind[0] in LAST))
        for kind in KINDS
    ],
)
ALL_CASES = pytest.mark.parametrize(("group", "lifting"), KINDS)


def later(*values):
    """Parameters that repeat what a test does with others: marked slow."""
    return pytest.param(*values, marks=pytest.mark.slow)


def trials(few, many):
    """Runs a test with few trials, and, marked slow, with many."""
    return pytest.mark.parametrize("trials", [few, later(many)])
