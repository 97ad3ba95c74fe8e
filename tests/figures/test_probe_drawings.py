import dataclasses

import numpy as np
import pytest

from symclone_tf.figures import (
    draw_probe_accuracies,
    draw_probe_errors,
    draw_transformed_images,
)

from probes import finished


@pytest.fixture
def probe(tmp_path):
    return finished(tmp_path / "stripes.npz")


def points(figure):
    return np.concatenate([line.get_ydata() for line in figure.axes[0].lines])


def test_every_run_is_a_point(probe):
    drawn = points(draw_probe_accuracies(probe))
    for run in probe.runs:
        assert run.accuracy in drawn
    ticks = draw_probe_accuracies(probe).axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["T(2)", "C4"]


def test_bars_are_mean_errors_of_each_layer(probe):
    bars = [bar.get_height() for bar in draw_probe_errors(probe).axes[0].patches]
    assert bars == pytest.approx([0.1, 0.2, 0.3, 0.4] * 2)


def test_rows_show_what_a_symmetry_confuses():
    image = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    figure = draw_transformed_images(np.repeat(image, 3, axis=0), ["t2", "c4", "d4"])
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(shown) == 7 + 4 + 8
    assert np.array_equal(shown[0], image[0, ..., 0])
    down = np.zeros((16, 16))
    down[2:] = image[0, :-2, :, 0]
    assert np.array_equal(shown[1], down)
    assert np.array_equal(shown[8], np.rot90(image[0, ..., 0]))


def test_colour_stays_colour():
    image = np.zeros((1, 16, 16, 3), "uint8")
    image[0, 0, 0] = (255, 0, 0)
    (first, *_) = draw_transformed_images(image, ["c2"]).axes
    assert first.images[0].get_array().shape == (16, 16, 3)


def test_errors_of_interpolation_are_lines_on_the_bars(tmp_path):
    probe = finished(tmp_path / "stripes.npz", groups=("t2", "c4", "c8"))
    assumed = {f"conv_{n}": 0.05 * n for n in range(1, 5)}
    runs = [
        dataclasses.replace(run, errors=assumed)
        if (run.group, run.kind) == ("c8", "assumed")
        else run
        for run in probe.runs
    ]
    figure = draw_probe_errors(dataclasses.replace(probe, runs=runs))
    bars = figure.axes[0].patches
    assert len(bars) == 12
    (lines,) = figure.axes[0].collections
    for bar, ((left, low), (right, high)) in zip(bars[8:], lines.get_segments()):
        assert low == high == pytest.approx(bar.get_height() / 2)
        assert left == pytest.approx(bar.get_x())
        assert right == pytest.approx(bar.get_x() + bar.get_width())


@pytest.mark.parametrize(("group", "shown"), [("c8", 8), ("d8", 8), ("c3", 3)])
def test_a_row_has_no_more_images_than_columns(rng, group, shown):
    image = rng.integers(0, 256, size=(1, 16, 16, 3)).astype("uint8")
    figure = draw_transformed_images(image, [group])
    found = [axes for axes in figure.axes if axes.images]
    assert len(found) == shown
    titles = {axes.get_title() for axes in found}
    assert any("reflected" in title for title in titles) == (group == "d8")
    assert all(axes.images[0].get_array().dtype == "uint8" for axes in found)
    rotated = [axes for axes in found if "5°" in axes.get_title()]
    rotated += found[1:] * (group == "c3")
    assert rotated
    for axes in rotated:
        assert not axes.images[0].get_array()[0, 0].any()  # outside of the disc


def test_more_symmetries_than_colours_are_drawn(tmp_path):
    groups = ("t2", "c4", "flip", "c2", "d2", "d4", "c3", "c6", "c8", "d8")
    probe = finished(tmp_path / "stripes.npz", groups=groups)
    assert len(draw_probe_errors(probe).axes[0].patches) == 4 * len(groups)


@pytest.mark.parametrize("group", ["t2", "c4", "c8"])
def test_deep_images_are_drawn_from_0_to_1(rng, group):
    image = rng.uniform(size=(1, 16, 16, 1)).astype("float32")
    figure = draw_transformed_images(image, [group])
    drawn = [axes.images[0] for axes in figure.axes if axes.images]
    assert all(each.get_clim() == (0, 1) for each in drawn)
    np.testing.assert_array_equal(drawn[0].get_array(), image[0, ..., 0])
    assert all(each.get_array().max() > 0.9 for each in drawn)
    assert all(each.get_array().max() <= 1 for each in drawn)
