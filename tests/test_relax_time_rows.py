"""Rows of the study of relaxed networks, and which of them may be compared."""

import pytest

import symclone_tf as sc
from benchmarks.relax_time.rows import (
    FIELDS,
    append,
    by_network,
    by_study,
    keep_where,
    read_rows,
    read_where,
)


def row(**changed):
    made = dict.fromkeys(FIELDS, 1)
    made |= {"data": "digits", "images": 32, "network": "cnn", "seed": 0}
    return made | {"errors": "0 0"} | changed


def test_runs_are_compared_where_data_and_images_agree():
    rows = [row(), row(seed=1), row(network="mlp"), row(images=8), row(data="clothes")]
    found = by_study(rows)
    assert list(found) == [
        "digits, 32 images",
        "digits, 8 images",
        "clothes, 32 images",
    ]
    whole = by_network(found["digits, 32 images"])
    assert {title: len(kept) for title, kept in whole.items()} == {"cnn": 2, "mlp": 1}


def test_lines_are_read_as_they_were_added(tmp_path):
    file = tmp_path / "rows.csv"
    assert read_rows(file) == []
    rows = [row(accuracy=0.5), row(network="relaxed, 2×2", seconds_per_epoch=0.25)]
    for each in rows:
        append(file, each)
    assert read_rows(file) == rows


def test_deviations_of_several_studies_are_kept(tmp_path):
    file = tmp_path / "rows.csv"
    assert read_where(file) == {}
    keep_where(file, "digits", {"conv": [[0.5]]})
    keep_where(file, "clothes", {"conv": [[1.0]]})
    found = read_where(file)
    assert found == {"digits": {"conv": [[0.5]]}, "clothes": {"conv": [[1.0]]}}
    assert (tmp_path / "rows-where.json").exists()


def test_other_tables_are_refused(tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(sc.ArtifactError, match="is not what python -m benchmarks"):
        read_rows(other)
