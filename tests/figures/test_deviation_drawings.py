"""Deformations and deviations are drawn by position."""

import numpy as np

import symclone_tf as sc
from symclone_tf.figures.deviation_drawings import ROUNDING


def test_deviations_of_a_groups_elements_are_drawn_by_their_norm(rng):
    deviation = rng.uniform(size=(4, 5, 8))
    figure = sc.figures.draw_position_deviations({"conv": deviation})
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, np.sqrt(np.sum(deviation**2, axis=-1)))


def test_rounding_fills_no_scale(rng):
    figure = sc.figures.draw_position_deviations(
        {"exact": np.full((4, 4), 1e-8), "broken": np.full((4, 4), 0.25)}
    )
    limits = [axes.images[0].get_clim() for axes in figure.axes[:2]]
    assert limits == [(0, ROUNDING), (0, 0.25)]


def test_deformations_have_rows_of_positions_and_columns_of_steps(rng):
    kept = {0: np.zeros((2, 9, 9)), 5: rng.normal(size=(2, 9, 9))}
    figure = sc.figures.draw_deformations(kept, ["corner", "centre"])
    grid = np.reshape(figure.axes[:4], (2, 2))
    for position, row in enumerate(grid):
        for matrices, axes in zip(kept.values(), row):
            shown = axes.images[0].get_array()
            np.testing.assert_array_equal(shown, matrices[position])
            assert axes.images[0].get_clim() == (-1, 1)
    assert [axes.get_title() for axes in grid[0]] == ["before", "step 5"]
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["corner", "centre"]
