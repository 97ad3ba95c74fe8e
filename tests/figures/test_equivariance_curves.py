"""Curves of equivariance errors go through the numbers that they are drawn from."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures.equivariance_curves import FLOOR, draw_equivariance

from benchmark_rows import FROZEN, MLP, points, row
from networks import breaks_last

HISTORY = {"conv_1": [1e-7, 2e-7, 1e-7], "conv_2": [0.0, 0.02, 0.4]}


def curves(figure):
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    return {line.get_label(): line.get_ydata().tolist() for line in axes.get_lines()}


def test_a_history_has_a_curve_for_each_layer():
    figure = draw_equivariance(HISTORY)
    assert curves(figure) == {"conv_1": HISTORY["conv_1"], "conv_2": [FLOOR, 0.02, 0.4]}
    assert figure.axes[0].get_xlabel() == "epoch, 0 before training"
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["conv_1", "conv_2"]


@pytest.mark.slow
def test_the_callback_has_the_whole_network_too(rng):
    model = breaks_last()
    model.compile("adam", "sparse_categorical_crossentropy")
    images, labels = rng.uniform(size=(6, 12, 12, 3)), np.arange(6) % 2
    errors = sc.EquivarianceErrors(images, "c4")
    model.fit(images, labels, epochs=2, verbose=0, callbacks=[errors])
    drawn = curves(draw_equivariance(errors.history))
    assert drawn == {name: pytest.approx(e) for name, e in errors.history.items()}
    whole = curves(draw_equivariance(errors)).pop("whole network")
    assert whole == pytest.approx([e.equivariance_error for e in errors.network])
    assert len(whole) == 3


def test_points_may_have_names():
    figure = draw_equivariance({"conv": [0.1, 0.2]}, ("before", "after training"))
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["before", "after training"]


def test_many_layers_have_a_scale_of_colours_and_a_short_legend():
    history = {f"conv_{i}": [1e-7, 0.01 * (i + 1)] for i in range(30)}
    figure = draw_equivariance(history)
    lines = figure.axes[0].get_lines()
    assert len({line.get_color() for line in lines}) == 30
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["conv_0, first", "conv_29, last"]


@pytest.mark.parametrize("history", [{}, {"conv": []}])
def test_nothing_to_draw_is_refused(history):
    with pytest.raises(ValueError, match="`rows` must have an error for each layer"):
        draw_equivariance(history)


def test_a_callback_that_has_not_been_in_fit_is_refused(rng):
    with pytest.raises(ValueError, match="after `fit`"):
        draw_equivariance(sc.EquivarianceErrors(rng.normal(size=(2, 8, 8, 1)), "c4"))


@pytest.mark.parametrize(("group", "own"), [("c8", [0.1, 0.2, 0.3, 0.4]), ("c4", [])])
def test_the_teachers_own_errors_are_those_of_exact_convolutions(group, own):
    """Where transformations interpolate."""
    exact = {"architecture": "gcnn", "group": group}
    rows = [
        row("breaking", 0.5, after=0.1, **exact),
        row("breaking", 0.5, after=0.9, **{**FROZEN, "group": group}),
    ]
    figure = draw_equivariance(rows)
    _, breaking = figure.axes
    lines = [line for line in breaking.get_lines() if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in lines] == pytest.approx(own)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert ("teacher's own, by interpolation" in labels) == bool(own)


def test_equivariance_goes_from_before_to_after_training():
    rows = [
        row("breaking", 0.5, **MLP),
        row("breaking", 0.5, after=0.2, **FROZEN),
        row("breaking", 0.5, after=0.4, seed=1, **FROZEN),
    ]
    _, breaking = draw_equivariance(rows).axes
    lines = [line for line in breaking.get_lines() if line.get_marker() == "None"]
    ends = [line.get_ydata().tolist() for line in lines]
    assert ends == [pytest.approx([i * 1e-6, i * 0.3]) for i in (1, 2, 3, 4)]
    assert len(points(breaking)) == 8


@pytest.mark.slow
def test_all_networks_of_a_benchmark_are_told_apart():
    plan = [
        e
        for e in sc.experiments.benchmark_plan("c4", seeds=1)
        if e.architecture != "mlp"
    ]
    errors = row("breaking", 0.5, **FROZEN).figures
    figure = draw_equivariance(
        [sc.experiments.Row(experiment, errors) for experiment in plan]
    )
    (legend,) = figure.legends
    *networks, _, _ = legend.legend_handles
    looks = {(line.get_color(), line.get_marker()) for line in networks}
    assert len(looks) == len(networks) == 9
    figure.draw_without_rendering()
    box, page = legend.get_window_extent(), figure.bbox
    assert page.x0 <= box.x0 < box.x1 <= page.x1
