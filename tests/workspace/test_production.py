import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning import Training
from symclone_tf.workspace import clone_and_export, load_or_clone

from clones import dense

SOLVED = Training(solver="closed-form")


def students(*sizes):
    return [dense("t2", image_size=size, seed=0) for size in sizes]


def test_each_clone_is_an_artifact(tmp_path):
    made = list(clone_and_export(students(5, 6), SOLVED, tmp_path, verbose=0))
    assert [path.parent.name for *_, path in made] == ["t2-5x5-k3", "t2-6x6-k3"]
    assert all(report.nmse < 1e-6 for _, report, _ in made)


def test_missing_clones_alone_are_made_and_announced(tmp_path, capsys):
    ((first, _, path),) = clone_and_export(students(5), SOLVED, tmp_path, verbose=0)
    loaded = load_or_clone(students(5, 6), tmp_path)
    assert "Cloning what is missing in" in capsys.readouterr().err
    for mine, theirs in zip(loaded[0].get_weights(), first.get_weights()):
        np.testing.assert_array_equal(mine, theirs)
    assert [version.name for version in path.parent.iterdir()] == ["1"]
    assert [each.teacher.image_size for each in loaded] == [5, 6]
    load_or_clone(students(5, 6), tmp_path)
    assert capsys.readouterr().err == ""


def test_foreign_folders_are_refused_before_anything_is_cloned(tmp_path):
    (tmp_path / "t2-6x6-k3").mkdir()
    (tmp_path / "t2-6x6-k3" / "note").write_text("mine")
    with pytest.raises(sc.ArtifactError, match="t2-6x6-k3"):
        load_or_clone(students(5, 6), tmp_path, verbose=0)
    assert [home.name for home in tmp_path.iterdir()] == ["t2-6x6-k3"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(sc.ArtifactError, match="`clones` must be a folder"):
        load_or_clone(students(5), tmp_path / "file", verbose=0)
