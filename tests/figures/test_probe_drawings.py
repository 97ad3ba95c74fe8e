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
