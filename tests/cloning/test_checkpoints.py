import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning import checkpoints
from symclone_tf.cloning.checkpoints import Checkpoint, checkpoint_file

from clones import dense


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS", 0)
    return checkpoint_file(tmp_path, "name", {"seed": 0})


def make(optimizer="adam"):
    cloner = sc.Cloner(dense("t2", image_size=6, seed=0), seed=0)
    cloner.compile(optimizer)
    return cloner


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_restored_training_ends_as_an_uninterrupted_one(file, optimizer):
    whole, first, second = make(optimizer), make(optimizer), make(optimizer)
    whole.fit(steps_per_epoch=20, verbose=0)
    first.fit(steps_per_epoch=5, epochs=2, callbacks=[Checkpoint(file)], verbose=0)
    assert Checkpoint(file).restore(second) == 10
    second.fit(steps_per_epoch=10, verbose=0)
    for mine, theirs in zip(second.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_each_training_has_a_file_of_its_own(tmp_path):
    options = sc.cloning.Training(seed=1).identity(dense("t2", image_size=6))
    same = sc.cloning.Training(seed=1, resume=True, max_nmse=1).identity(
        dense("t2", image_size=6, name="other")
    )
    assert options == same
    others = [
        sc.cloning.Training(seed=2).identity(dense("t2", image_size=6)),
        sc.cloning.Training(seed=1, steps=5).identity(dense("t2", image_size=6)),
        sc.cloning.Training(seed=1).identity(dense("t2", image_size=7)),
    ]
    files = {checkpoint_file(tmp_path, "a", o) for o in (options, *others)}
    assert len(files) == 4


def test_nothing_is_restored_without_a_checkpoint(file):
    assert Checkpoint(file).restore(make()) == 0


@pytest.mark.slow
def test_short_trainings_write_nothing(file, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS", 10)
    make().fit(steps_per_epoch=5, epochs=2, callbacks=[Checkpoint(file)], verbose=0)
    assert not file.parent.exists()


@pytest.mark.slow
def test_removed_checkpoint_leaves_no_folder(file):
    checkpoint = Checkpoint(file)
    make().fit(steps_per_epoch=5, callbacks=[checkpoint], verbose=0)
    leftover = file.with_name(f".1234-{file.name}")
    leftover.write_bytes(b"half")
    assert file.is_file()
    checkpoint.remove()
    assert not file.parent.exists()


def test_checkpoints_of_other_trainings_stay(file):
    other = file.with_name("other.weights.h5")
    other.parent.mkdir()
    other.touch()
    Checkpoint(file).remove()
    assert other.exists()


@pytest.mark.parametrize("content", [b"", b"damaged"])
def test_damaged_file_is_refused(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(sc.ArtifactError, match="cannot be continued from"):
        Checkpoint(file).restore(make())


@pytest.mark.slow
def test_failed_write_leaves_the_earlier_checkpoint(file, monkeypatch):
    checkpoint = Checkpoint(file)
    make().fit(steps_per_epoch=5, callbacks=[checkpoint], verbose=0)
    before = file.read_bytes()

    def fail(self, path, **options):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(keras.Model, "save_weights", fail)
    with pytest.raises(OSError, match="disk full"):
        make().fit(steps_per_epoch=5, callbacks=[checkpoint], verbose=0)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_resume_needs_one_process():
    with pytest.raises(ValueError, match="`resume` is for `strategy` none"):
        sc.cloning.Training(strategy="mirrored", resume=True).check(
            dense("t2", image_size=6)
        )


def test_diverged_training_is_not_kept(file):
    cloner = make(keras.optimizers.SGD(1e30))
    callbacks = [keras.callbacks.TerminateOnNaN(), Checkpoint(file)]
    cloner.fit(steps_per_epoch=20, callbacks=callbacks, verbose=0)
    assert not file.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("file")
def test_checkpoint_stays_until_the_clone_is_written(tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("symclone_tf.workspace.production.export", fail)
    student = dense("t2", image_size=6, seed=0)
    with pytest.raises(KeyboardInterrupt):
        list(
            sc.workspace.clone_and_export(
                [student], sc.cloning.Training(), tmp_path, verbose=0
            )
        )
    assert len(list((tmp_path / checkpoints.FOLDER).iterdir())) == 1
