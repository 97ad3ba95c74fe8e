"""Rows of the study of relax times, and which of them may be compared."""

import pytest

import symclone_tf as sc
from benchmarks.relax_time.rows import (
    by_relax_time,
    by_study,
    has_course,
    read_relax_times,
    typical,
)


def row(**changed):
    made = {"data": "digits", "variant": "relaxed", "relaxed_at": 1, "seed": 0}
    return made | {"train_size": 32, "epochs": 4} | changed


def test_runs_are_compared_where_data_images_and_epochs_agree():
    rows = [row(), row(seed=1), row(relaxed_at=3), row(train_size=8), row(epochs=9)]
    found = by_study(rows)
    assert list(found) == [
        "digits, 32 images, 4 epochs",
        "digits, 8 images, 4 epochs",
        "digits, 32 images, 9 epochs",
    ]
    whole = by_relax_time(found["digits, 32 images, 4 epochs"])
    assert {key: len(kept) for key, kept in whole.items()} == {
        ("relaxed", 1): 2,
        ("relaxed", 3): 1,
    }


def test_a_course_has_several_relax_times():
    never = row(variant="cnn", relaxed_at=0)
    assert not has_course([row(), never])
    assert has_course([row(), row(relaxed_at=3), never])


def test_deviations_of_the_middle_relax_time_are_shown():
    maps = {"10": "late", "0": "early", "4": "between"}
    assert typical(maps) == "between"
    assert typical({"7": "alone"}) == "alone"


def test_other_tables_are_refused(tmp_path):
    assert read_relax_times(tmp_path / "nowhere.csv") == []
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(sc.ArtifactError, match="is not what python -m benchmarks"):
        read_relax_times(other)
