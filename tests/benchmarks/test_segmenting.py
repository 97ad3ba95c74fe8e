import numpy as np
import pytest

from benchmarks import csv_rows
from benchmarks.segmenting import FIELDS, KEY, NETWORKS, read_rows, report, run, shapes
from symclone_tf.workspace import Workspace


def test_ellipses_touch_discs_and_are_as_bright():
    images, masks = shapes(60, seed=1)
    assert set(np.unique(masks)) == {0, 1, 2}
    gray = [images[masks == kind].mean() for kind in (0, 1, 2)]
    assert abs(gray[1] - gray[2]) < 2 < gray[1] - gray[0] - 60
    beside = (masks[:, 1:] == 1) & (masks[:, :-1] == 2)
    beside |= (masks[:, 1:] == 2) & (masks[:, :-1] == 1)
    across = (masks[:, :, 1:] == 1) & (masks[:, :, :-1] == 2)
    across |= (masks[:, :, 1:] == 2) & (masks[:, :, :-1] == 1)
    touching = beside.any((1, 2)) | across.any((1, 2))
    assert touching.mean() > 0.8  # some disappear beneath another disc


def test_a_seed_gives_the_same_shapes():
    np.testing.assert_array_equal(shapes(3, seed=4)[0], shapes(3, seed=4)[0])


def row_of(network, seed, value):
    row = {"images": 50, "network": network, "seed": seed, "weights": 1000}
    row |= {"epochs": 9, "seconds": 60.0}
    return row | {name: value for name in FIELDS if name not in row}


def test_rows_are_reported_by_network(tmp_path):
    file = tmp_path / "rows.csv"
    rows = [row_of("GroupConv2D", 0, 0.5), row_of("GroupConv2D", 1, 0.7)]
    for row in [row_of("Conv2D", 0, 0.25), *rows]:
        csv_rows.append(file, row, FIELDS)
    found = report(read_rows(file), {"processor": "some"})
    assert "| GroupConv2D | 2 | 1,000 | 1.0 | 60.0 ± 14.1% |" in found
    assert "| Conv2D | 1 | 1,000 | 1.0 | 25.0% |" in found


@pytest.mark.slow
def test_runs_are_those_of_train(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks.segmenting.TESTED", 20)
    short = NETWORKS["GroupConv2D"] | {"epochs": 1}
    monkeypatch.setitem(NETWORKS, "GroupConv2D", short)
    row = run(20, "GroupConv2D", 0, Workspace(tmp_path, verbose=0))
    assert set(row) == set(FIELDS)
    assert [row[name] for name in KEY] == [20, "GroupConv2D", 0]
    assert row["error"] < 1e-5
    assert row["transformed_mean_iou"] == pytest.approx(row["mean_iou"], abs=1e-4)
