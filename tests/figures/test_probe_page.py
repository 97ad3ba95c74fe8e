import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures.probe_page import (
    draw_probe_accuracies,
    draw_probe_errors,
    draw_transformed_images,
    probe_figures,
    probe_table,
    write_probe_page,
)

from browsers import DESK, PHONE, looked_at, needs_browser
from cases import later
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


def test_table_has_a_line_for_each_symmetry(probe):
    shifts, turns = probe_table(probe)
    assert (shifts["Symmetry"], shifts["Verdict"]) == ("T(2)", "preserve")
    assert (turns["Symmetry"], turns["Verdict"]) == ("C4", "break")
    assert turns["Assumed"] == "61.0% ± 1.0%"
    assert turns["Without"] == "91.0% ± 1.0%"
    assert turns["Assuming it"] == "-30.0 (-30.0 to -30.0)"


def test_page_says_all_and_loads_nothing(probe, tmp_path):
    text = write_probe_page(probe, tmp_path / "probe.html").read_text("utf-8")
    assert text.count("data:image/svg+xml;base64,") == 3
    assert "url(" not in text
    for expected in (
        "Symmetries of stripes.npz",
        "Preserve T(2): assuming it gains 10.0 points",
        "Break C4: assuming it costs 30.0 points",
        "To begin with:",
        "model.save(&#34;recommended.keras&#34;)",
        "160 training images and 40",
        "3 seeds, 2 minutes",
    ):
        assert expected in text
    assert len(probe_figures(probe)) == 3


@needs_browser
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (PHONE, "dark"),
        (DESK, "light"),
        later(PHONE, "light"),
        later(DESK, "dark"),
    ],
)
def test_browser_has_no_complaints(probe, tmp_path, width, scheme):
    page = write_probe_page(probe, tmp_path / "probe.html")
    found = looked_at(page, tmp_path, width, scheme)
    assert found == {"complaints": [], "images": 3, "dark": scheme == "dark"}


def test_someone_elses_page_is_left_alone(probe, tmp_path):
    file = tmp_path / "probe.html"
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        write_probe_page(probe, file)
    assert file.read_text() == "mine"
