"""Parameters of tests that run for every group."""

import pytest

from symclone_tf.symmetry.named_groups import GROUPS

# Groups of which everything is exact; others that permute pixels are their subgroups.
EXACT = ("t2", "flip", "c2", "c4", "d4")
KINDS = [
    (name, lifting)
    for name in EXACT
    for lifting in ((True,) if GROUPS[name].is_trivial else (True, False))
]
# Groups that add least to the others, for slow tests.
LAST = ("flip", "c2", "d4")
CASES = pytest.mark.parametrize(
    ("group", "lifting"),
    [
        pytest.param(*kind, marks=[pytest.mark.slow] * (kind[0] in LAST))
        for kind in KINDS
    ],
)
ALL_CASES = pytest.mark.parametrize(("group", "lifting"), KINDS)


# Reflections, and rotations that do not permute pixels.
OFF_QUARTERS = ("flip", "c8", "d3")


def later(*values):
    """Parameters that repeat what a test does with others: marked slow."""
    return pytest.param(*values, marks=pytest.mark.slow)


def trials(few, many):
    """Runs a test with few trials, and, marked slow, with many."""
    return pytest.mark.parametrize("trials", [few, later(many)])
