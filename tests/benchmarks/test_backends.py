"""One network on each backend: its rows, and what it is trained on."""

import numpy as np
import pytest

from benchmarks import backends, csv_rows
from benchmarks.backends import FIELDS, KEY, read_rows, report, train, write


def row_of(backend, start, accuracy):
    row = {"backend": backend, "start": start, "version": "1.2", "weights": 1000}
    return row | {"loss": 0.5, "accuracy": accuracy, "seconds": 60.0}


def test_rows_are_reported_by_start_and_backend(tmp_path):
    file = tmp_path / "rows.csv"
    for row in (row_of("jax", "file", 0.5), row_of("tensorflow", "own", 0.25)):
        csv_rows.append(file, row, FIELDS)
    found = report(read_rows(file), {"processor": "some"}).splitlines()[-2:]
    assert found == [
        "| JAX 1.2 | TensorFlow's file | 50.0% | 0.500 | 1.0 |",
        "| TensorFlow 1.2 | its own seed | 25.0% | 0.500 | 1.0 |",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_the_network_of_the_file_is_trained_on_the_digits(monkeypatch, tmp_path):
    small = {"TRAINED": 32, "TESTED": 20, "BEFORE": 1, "WIDTH": 0.1}
    for name, value in (small | {"EPOCHS": {"file": 1}}).items():
        monkeypatch.setattr(backends, name, value)
    write(tmp_path)
    with np.load(tmp_path / "digits.npz") as arrays:
        assert arrays["x_train"].shape == (32, 28, 28, 1)
        assert arrays["x_test"].shape == (20, 28, 28, 1)
        assert arrays["x_train"].max() > 0.5
    row = train(tmp_path, "file")
    assert [row[name] for name in KEY] == ["tensorflow", "file"]
    assert set(row) == set(FIELDS)
