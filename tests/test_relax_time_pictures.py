"""Pictures of relaxed networks are drawn from what was measured."""

import json

import pytest

from benchmarks.relax_time.pictures import draw_layer_errors, draw_relax_times
from benchmarks.relax_time.report import write_report
from benchmarks.relax_time.rows import read_beside, read_relax_times

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


def test_all_pictures_are_drawn_and_saved(table):
    write_report(table)
    for name in ("digits-32", "digits-32-where", "digits-32-errors"):
        picture = table.with_name(f"times-{name}.svg")
        assert picture.read_bytes().startswith(b"<?xml")
    assert "| relaxed | 3 | 1 | 300 |" in table.with_suffix(".md").read_text("utf-8")
