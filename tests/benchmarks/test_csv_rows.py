"""Tables of runs grow by a line at a time."""

import pytest

from benchmarks import csv_rows

pytestmark = pytest.mark.slow


def test_lines_are_added_and_read_with_their_types(tmp_path):
    file = tmp_path / "runs.csv"
    assert csv_rows.read(file, ["seed"], ["accuracy"]) == []
    rows = [{"name": "a, b", "seed": seed, "accuracy": seed / 4} for seed in (0, 1)]
    for row in rows:
        csv_rows.append(file, row, ("name", "seed", "accuracy"))
    assert csv_rows.read(file, ["seed"], ["accuracy"]) == rows
    assert file.read_text().splitlines()[0] == "name,seed,accuracy"
