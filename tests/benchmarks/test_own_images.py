import numpy as np
import pytest

from benchmarks import csv_rows, own_images
from benchmarks.own_images import DATA, FIELDS, KEY, NETWORKS, read_rows, report, run
from symclone_tf.workspace import Workspace


def row_of(network, seed, value):
    row = {"data": "120 cells", "network": network, "seed": seed, "weights": 1000}
    row |= {"epochs": 9, "best_epoch": 4, "seconds": 90.0}
    return row | {"as_they_are": value, "transformed": value - 0.25}


def test_rows_are_reported_by_network(tmp_path):
    file = tmp_path / "rows.csv"
    rows = [row_of("GroupConv2D", 0, 0.5), row_of("GroupConv2D", 1, 0.7)]
    for row in [row_of("Conv2D", 0, 0.5), *rows]:
        csv_rows.append(file, row, FIELDS)
    found = report(read_rows(file), {"processor": "some"})
    assert "## 120 cells, c4" in found
    assert "CIFAR" not in found
    ours = "| GroupConv2D | 2 | 1,000 | 9 | 1.5 | 60.0 ± 14.1% | 35.0 ± 14.1% |"
    assert ours in found
    assert "| Conv2D | 1 | 1,000 | 9 | 1.5 | 50.0% | 25.0% |" in found


def test_networks_have_the_transformations_of_their_group():
    cells, photographs = (DATA[title].networks for title in ("900 cells", "CIFAR-10"))
    assert cells[1] == "Conv2D, RandomFlip and RandomRotation"
    assert photographs[1] == "Conv2D, RandomFlip"
    assert cells[::2] == photographs[::2] == ["Conv2D", "GroupConv2D"]
    assert NETWORKS[cells[3]]["symmetry"] == "frozen,frozen,frozen,anchored"


@pytest.mark.slow
def test_runs_are_those_of_train(monkeypatch, tmp_path, rng):
    """Whoever sees a mirror image cannot tell which half was bright."""
    x = rng.integers(200, size=(60, 16, 16, 1), dtype="uint8")
    y = np.arange(60) % 2
    x[y == 0, :, :8] += 50
    x[y == 1, :, 8:] += 50
    images = own_images.Data(
        "halves", "flip", "Conv2D, RandomFlip", 40, lambda: ((x, y), (x, y))
    )
    monkeypatch.setitem(NETWORKS, "Conv2D", {"architecture": "cnn", "epochs": 40})
    row = run(images, "Conv2D", 0, Workspace(tmp_path, verbose=0))
    assert list(row) == list(FIELDS)
    assert [row[name] for name in KEY] == ["halves", "Conv2D", 0]
    assert row["as_they_are"] > 0.8 > row["transformed"]
    assert len(images.open(0).class_names) == 2
    assert images.open(1).counts["train"] == 40
