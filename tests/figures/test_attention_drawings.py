"""Where heads look is drawn, a row for each layer."""

import numpy as np

import symclone_tf as sc


def test_heads_are_drawn_with_their_shares(rng):
    before = sc.networks.HeadPositions(np.zeros((3, 5, 5)), np.zeros(3))
    after = sc.networks.HeadPositions(rng.uniform(size=(2, 5, 5)), np.array([0.1, 1]))
    figure = sc.figures.draw_attention_positions({"before": before, "after": after})
    grid = np.reshape(figure.axes, (2, 3))
    assert [axes.get_title() for axes in grid[1]] == ["0.10", "1.00", ""]
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["before", "after"]
    for axes, attention in zip(grid[1], after.attention):
        np.testing.assert_array_equal(axes.images[0].get_array(), attention)
        assert axes.images[0].get_clim() == (0, 1)
        assert axes.lines[0].get_xydata().tolist() == [[2, 2]]
