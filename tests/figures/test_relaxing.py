"""Figures of relaxed networks."""

import json

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures.relax_times import read_beside, read_relax_times
from symclone_tf.figures.relaxing import (
    draw_layer_errors,
    draw_position_deviations,
    draw_relax_times,
    position_deviations,
)

from networks import plain

HEADER = (
    "data,variant,relaxed_at,seed,train_size,epochs,accuracy,loss,weights,"
    "seconds_per_epoch,errors"
)
LINES = (
    "digits,cnn,0,0,32,4,0.5,1.5,100,1.0,0 0",
    "digits,relaxed,1,0,32,4,0.6,1.4,300,2.0,0.1 0.2",
    "digits,relaxed,1,1,32,4,0.8,1.4,300,2.0,0.1 0.2",
    "digits,relaxed,3,0,32,4,0.65,1.4,300,2.0,0.1 0.2",
)


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "times.csv"
    file.write_text("\n".join([HEADER, *LINES, ""]))
    where = {
        "digits, 32 images, 4 epochs": {
            "1": {"conv": [[0.0]]},
            "3": {"conv": [[0.0, 1.0]]},
        }
    }
    (tmp_path / "times-where.json").write_text(json.dumps(where))
    courses = {name: {"relaxed, 1": [{"conv": 0.0}, {"conv": 0.2}]} for name in where}
    (tmp_path / "times-errors.json").write_text(json.dumps(courses))
    return file


def test_places_that_left_are_found():
    relaxed, _ = sc.relax(plain(), verbose=0)
    found = position_deviations(relaxed)
    assert {name: norms.shape for name, norms in found.items()} == dict.fromkeys(
        ("first", "inner", "depthwise"), (6, 6)
    )
    assert max(norms.max() for norms in found.values()) < 1e-5
    (blocks,) = relaxed.get_layer("first").student.block_weights
    before = blocks.numpy().copy()
    weights = before.copy()
    weights[14] *= 3  # the third pixel of the third row: a deformation of 3
    blocks.assign(weights)
    first = position_deviations(relaxed)["first"]
    assert np.unravel_index(first.argmax(), first.shape) == (2, 2)
    assert first[2, 2] == pytest.approx(2 * 3 * (1 - 1 / 36), rel=0.02)
    # The same everywhere is another convolution, and leaves nothing.
    blocks.assign(2 * before)
    assert position_deviations(relaxed)["first"].max() < 1e-5
    blocks.assign(weights)
    figure = draw_position_deviations(position_deviations(relaxed))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["first", "inner", "depthwise"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), first)


def test_accuracy_is_drawn_against_the_time(table):
    rows = read_relax_times(table)
    axes = draw_relax_times(rows).axes[0]
    (bars,) = axes.containers
    line = bars.lines[0]
    assert line.get_xdata().tolist() == [1, 3]
    assert line.get_ydata().tolist() == pytest.approx([0.7, 0.65])
    assert axes.lines[0].get_ydata() == pytest.approx([0.5, 0.5])


def test_errors_are_drawn_against_epochs(tmp_path):
    courses = {
        "relaxed, 1": [{"a": 0.0, "b": 0.1}, {"a": 0.2, "b": 0.4}],
        "untied, 1": [{"a": 0.0, "b": 0.0}, {"a": 0.5, "b": 0.6}],
    }
    file = tmp_path / "times.csv"
    assert read_beside(file, "errors") == {}
    (tmp_path / "times-errors.json").write_text(json.dumps({"digits": courses}))
    left, right = draw_layer_errors(read_beside(file, "errors")["digits"]).axes
    assert (left.get_title(), right.get_title()) == tuple(courses)
    assert left.lines[1].get_ydata() == pytest.approx([0.1, 0.4])
    assert right.lines[0].get_ydata() == pytest.approx([0.0, 0.5])


@pytest.mark.slow
@pytest.mark.usefixtures("without_mnist")
def test_the_report_shows_both(table, sources, tmp_path):
    page = sc.figures.make_report(
        tmp_path / "report.html", relax_times=table, **sources
    ).read_text("utf-8")
    assert ">Relaxed networks</h2>" in page
    assert "Digits, 32 images, 4 epochs, when" in page
    assert "of a relaxed network left its convolution" in page
    assert "Digits, 32 images, 4 epochs, epoch by epoch" in page
    with pytest.raises(sc.ArtifactError, match="`relax_times` must be a file"):
        sc.figures.make_report(
            tmp_path / "other.html", relax_times=tmp_path / "none.csv", **sources
        )
