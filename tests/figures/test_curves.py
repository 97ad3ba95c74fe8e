"""Curves go through the numbers that they are drawn from."""

import numpy as np
import pytest

from symclone_tf.figures.curves import (
    draw_accuracies,
    draw_learning_curves,
    draw_weights,
)

from benchmark_rows import FROZEN, MLP, points, row


@pytest.mark.slow
def test_histograms_hold_all_weights(rng):
    weights = {step: rng.normal(size=500) * step for step in (0, 1, 2)}
    values = np.array([-1.5, 2.0])
    figure = draw_weights(weights, values)
    assert [axes.get_title() for axes in figure.axes] == ["step 0", "step 1", "step 2"]
    for axes, weight in zip(figure.axes, weights.values()):
        heights = np.array([bar.get_height() for bar in axes.patches])
        edges = [bar.get_x() for bar in axes.patches]
        edges.append(axes.patches[-1].get_x() + axes.patches[-1].get_width())
        np.testing.assert_array_equal(heights, np.histogram(weight, edges)[0])
        assert heights.sum() == 500
    assert [x for x, _ in points(figure.axes[-1], "|")] == [-1.5, 2.0]


def test_learning_curves_have_their_floors():
    curves = {9: [1, 0.1, 0.001], 7: [1, 0.5, 0.25], 5: [1, 0.9, 0.5]}
    (axes,) = draw_learning_curves(curves).axes
    drawn = {line.get_label(): line for line in axes.get_lines()}
    for blocks, curve in curves.items():
        expected = list(zip((1, 2, 3), curve))
        assert drawn[f"{blocks} blocks"].get_xydata().tolist() == [
            list(xy) for xy in expected
        ]
    floors = [
        line.get_ydata()[0]
        for line in axes.get_lines()
        if line.get_linestyle() == "--" and len(line.get_ydata())
    ]
    assert floors == pytest.approx([2 / 9, 4 / 9])
    assert axes.get_yscale() == "log"


def test_floors_may_be_measured():
    floors = {6: 1e-9, 4: 0.25, 3: 0.5}
    curves = {blocks: [1, 0.5, 0.25] for blocks in floors}
    (axes,) = draw_learning_curves(curves, floors=floors).axes
    dashed = [line for line in axes.get_lines() if line.get_linestyle() == "--"]
    drawn = [line.get_ydata()[0] for line in dashed if len(line.get_ydata())]
    assert drawn == [0.25, 0.5]
    assert dashed[-1].get_label() == "floor"


def test_accuracies_are_a_dot_a_seed_and_a_line_at_their_mean():
    rows = [
        row("invariance", 0.25, **MLP),
        row("invariance", 0.5, seed=1, **MLP),
        row("invariance", 0.75, **FROZEN),
        row("breaking", 0.125, **FROZEN),
    ]
    invariance, breaking = draw_accuracies(rows).axes
    assert points(invariance) == [(0.25, 0), (0.5, 0), (0.75, 1)]
    assert points(breaking) == [(0.125, 1)]
    means = {tuple(line.get_xdata()) for line in invariance.get_lines()}
    assert (0.375, 0.375) in means
    names = [label.get_text() for label in invariance.get_yticklabels()]
    assert names == ["mlp", rows[2].experiment.network]
