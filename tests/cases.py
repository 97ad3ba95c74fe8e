"""What tests run for every group."""

import pytest

from symclone_tf.symmetry.point_groups import GROUPS

KINDS = [
    (name, lifting)
    for name, group in GROUPS.items()
    for lifting in ((True,) if group.is_trivial else (True, False))
]
# What says least that the others do not, where each takes a while.
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
    """Parameters of a test that repeats what it does with the others: marked slow."""
    return pytest.param(*values, marks=pytest.mark.slow)


def trials(few, many):
    """The test once with few trials, and once more with many."""
    return pytest.mark.parametrize("trials", [few, later(many)])
