"""The grid that tokens are on."""

import pytest

from symclone_tf.networks.attention_selection import _fitting


@pytest.mark.parametrize(
    ("grids", "tokens", "expected"),
    [
        ([(8, 8)], 64, (8, 8)),
        ([(14, 14)], 198, (14, 14)),
        ([(8, 8), (7, 7)], 64, (8, 8)),
        ([(4, 16), (8, 8)], 65, (8, 8)),
        ([(1, 1)], 16, None),
        ([(8, 8)], 100, None),
        ([(8, 8)], 60, None),
        ([], 4, None),
    ],
)
def test_it_leaves_the_fewest_tokens_before(grids, tokens, expected):
    assert _fitting(grids, tokens) == expected
