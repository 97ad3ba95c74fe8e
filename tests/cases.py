"""What tests run for every group."""

import pytest

from symclone_tf.symmetry.groups import GROUPS

KINDS = [
    (name, lifting)
    for name, group in GROUPS.items()
    for lifting in ((True,) if group.is_trivial else (True, False))
]
CASES = pytest.mark.parametrize(("group", "lifting"), KINDS)
