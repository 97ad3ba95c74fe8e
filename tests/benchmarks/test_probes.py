"""Probes of data whose symmetries are known, as far as they need no hours."""

import json

import numpy as np
import pytest

from benchmarks.probes import EXPECTED, SMALL, report, rotated_digits, source, write

from pages import RESULTS
from probes import finished

pytestmark = pytest.mark.slow

MEASURED = sorted(page.parent.name for page in RESULTS.glob("probes/*/probe.md"))


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize(("task", "classes"), [("invariance", 10), ("breaking", 20)])
def test_digits_are_turned_in_training_too(tmp_path, task, classes):
    sizes = {"train": 400, "test": 200}
    with np.load(rotated_digits(tmp_path / "digits.npz", task, sizes)) as found:
        assert found["x_train"].shape == (400, 28, 28, 1)
        assert found["x_train"].dtype == np.uint8
        assert found["x_train"].max() == 255
        assert set(found["y_train"]) == set(range(classes))
        assert len(found["y_test"]) == 200


def test_data_that_is_there_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "data"
    home.mkdir()
    (home / "malaria.npz").write_bytes(b"cells")
    monkeypatch.setenv("SYMCLONE_TF_DATA", str(home))
    assert source("blood-cells") == ("blood-cells.npz", SMALL)
    assert (tmp_path / "blood-cells.npz").read_bytes() == b"cells"
    monkeypatch.delenv("SYMCLONE_TF_DATA")
    assert source("blood-cells") == ("malaria", SMALL)
    assert source("fashion") == ("fashion_mnist", SMALL)


def test_page_and_figures_lie_beside_what_was_measured(tmp_path):
    found = finished(tmp_path / "stripes.npz")
    (tmp_path / "fashion").mkdir()
    write(found, "fashion", tmp_path, 2.5)
    home = tmp_path / "fashion"
    assert sorted(path.name for path in home.iterdir()) == [
        "accuracy.svg",
        "broken-where.svg",
        "moved.svg",
        "probe.md",
    ]
    text = (home / "probe.md").read_text("utf-8")
    assert "| C4 | break |" in text
    assert "3 seeds" in text
    assert "--data fashion --minutes 2.5`" in text
    assert EXPECTED["fashion"] in text
    assert text == report(found, "fashion", 2.5)


@pytest.mark.parametrize("name", MEASURED)
def test_what_is_committed_is_whole_and_names_no_machine(name):
    kept = json.loads((RESULTS / "probes" / name / "probe.json").read_text("utf-8"))
    assert {run["seed"] for run in kept["runs"]} >= {0, 1}
    assert "/" not in kept["options"]["data"]
    page = (RESULTS / "probes" / name / "probe.md").read_text("utf-8")
    for verdict in kept["verdicts"]:
        assert verdict["sentence"] in page
