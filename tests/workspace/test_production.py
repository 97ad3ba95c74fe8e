import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning import Training
from symclone_tf.workspace import clone_and_export, load_or_clone, production

from cases import later
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


def test_a_regional_clone_is_cloned_once_and_loaded(tmp_path):
    teacher = sc.ConvTeacher("t2", image_size=9)
    student = sc.students.RegionalStudent(teacher, regions=(2, 3), seed=0)
    (made,) = load_or_clone([student], tmp_path, verbose=0)
    assert (tmp_path / "t2-9x9-k3-regional-r2x3" / "1").is_dir()
    other = sc.students.RegionalStudent(teacher, regions=(2, 3), seed=0)
    (loaded,) = load_or_clone([other], tmp_path, verbose=0)
    assert loaded.regions == (2, 3)
    np.testing.assert_array_equal(loaded.region_weights, made.region_weights)
    assert len(list((tmp_path / "t2-9x9-k3-regional-r2x3").iterdir())) == 1


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


def test_everything_is_checked_before_the_first_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(production, "train", lambda *_: pytest.fail("it trained"))
    students = [dense("t2", image_size=n) for n in (5, 512)]
    with pytest.raises(MemoryError):
        list(clone_and_export(students, Training(), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_each_is_exported_as_soon_as_it_is_trained(tmp_path):
    students = [dense("t2", image_size=n, seed=0) for n in (5, 6)]
    clones = clone_and_export(students, Training(), tmp_path, verbose=0)
    _, report, path = next(clones)
    assert report.nmse < 1e-10
    assert path.is_dir()
    assert len(list(tmp_path.iterdir())) == 1
    clones.close()


@pytest.mark.slow
class TestResuming:
    """What an interrupted cloning has finished is not trained again."""

    def run(self, folder, verbose=0, **options):
        training = Training(**{"steps": 3, "seed": 1} | options)
        students = [dense("t2", image_size=n, seed=1) for n in (5, 6)]
        made = clone_and_export(students, training, folder, verbose)
        return [(student, report, path) for student, report, path in made]

    def test_goes_on_after_what_is_finished(self, tmp_path, capsys):
        students = [dense("t2", image_size=5, seed=1)]
        training = Training(steps=3, seed=1)
        ((first, report, path),) = clone_and_export(students, training, tmp_path, 0)
        again, other = self.run(tmp_path, resume=True, verbose=1)
        assert f"Finished before: {path}" in capsys.readouterr().err
        assert again[1:] == (report, path)
        for mine, theirs in zip(again[0].get_weights(), first.get_weights()):
            np.testing.assert_array_equal(mine, theirs)
        assert other[2] == tmp_path / "t2-6x6-k3" / "1"

    @pytest.mark.parametrize(
        "options",
        [
            {"seed": 2},
            *(
                later(others)
                for others in (
                    {"steps": 4},
                    {"learning_rate": 0.5},
                    {"kernels_per_step": 2},
                )
            ),
        ],
    )
    def test_other_trainings_are_others(self, tmp_path, options):
        self.run(tmp_path)
        paths = [path for *_, path in self.run(tmp_path, resume=True, **options)]
        assert [path.name for path in paths] == ["2", "2"]

    def test_not_asked_to_it_trains_again(self, tmp_path):
        self.run(tmp_path)
        assert [path.name for *_, path in self.run(tmp_path)] == ["2", "2"]

    def test_what_says_nothing_of_its_training_is_not_finished(self, tmp_path):
        sc.export(dense("t2", image_size=5, seed=1), tmp_path)
        first, _ = self.run(tmp_path, resume=True, max_nmse=10.0)
        assert first[2].name == "2"

    def test_what_is_not_good_enough_is_not_finished(self, tmp_path):
        self.run(tmp_path)
        with pytest.raises(sc.CloningError, match="`max_nmse` accepts"):
            self.run(tmp_path, resume=True, max_nmse=1e-9)
