"""Several strengths in one training: what is run, and reported."""

import numpy as np
import pytest

from benchmarks import csv_rows, strength_search
from benchmarks.almost_symmetric.methods import LAST_CLONE, LAST_UNTIED
from benchmarks.tasks import TASKS


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("task", ["invariance", "sixes turned"])
def test_a_run_has_a_row_for_each_strength(tmp_path, task):
    rows = strength_search.run(LAST_UNTIED, task, 0, 320, 100, epochs=1)
    assert [row["strength"] for row in rows] == list(strength_search.STRENGTHS)
    assert sum(row["chosen"] for row in rows) == 1
    assert all(0 <= row["test"] <= 1 for row in rows)
    assert all((row["upright"] is None) is (task != "invariance") for row in rows)
    file = tmp_path / "rows.csv"
    for row in rows:
        csv_rows.append(file, row, strength_search.FIELDS)
    found = strength_search.read_rows(file)
    assert [row["test"] for row in found] == [row["test"] for row in rows]


@pytest.mark.data
@pytest.mark.slow
def test_what_is_chosen_by_is_not_trained_on():
    data, kept = strength_search.held_out(TASKS["quadrant"], 640, 0)
    parts = [np.concatenate([x for x, _ in each]) for each in (data, kept)]
    assert [len(part) for part in parts] == [576, 64]
    flat = [part.reshape(len(part), -1) for part in parts]
    nearest = np.abs(flat[1][:, None] - flat[0][None]).max(axis=-1).min()
    assert nearest > 0


def row_of(strength, test, **options):
    row = {"method": LAST_CLONE, "task": "breaking", "seed": 0, "strength": strength}
    row |= {"chosen": 0, "validation": test, "test": test, "upright": None}
    return {**row, "seconds": 3.0, "single_seconds": 2.0, **options}


def test_rows_are_reported_beside_trainings_of_one_strength():
    rows = [row_of(0.1, 0.91), row_of(0.2, 0.9, chosen=1), row_of(0.5, 0.8)]
    single = [
        {**rows[0], "strength": s, "accuracy": a, "train_size": 10_000, "epochs": 8}
        for s, a in ((0.1, 0.85), (0.2, 0.92), (0.7, 0.99))
    ]
    text = strength_search.report(rows, single, {"processor": "some"})
    cells = "0.2 | 90.0% | 91.0% | 80.0% | 92.0% of 2 | 1.50 |"
    assert f"| {LAST_CLONE} | breaking | 0 | {cells}" in text
    plumes = [{**row, "task": "plumes 3"} for row in rows]
    text = strength_search.report(plumes, [], {"processor": "some"})
    assert "| plumes 3 | 0 | 0.2 | 0.900 | 0.800 | 0.910 | – | 1.50 |" in text
