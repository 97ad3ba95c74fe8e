"""An experiment is complete once its images are open."""

import pytest
from PIL import Image

from symclone_tf.errors import DataError, DataWarning
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import open_data
from symclone_tf.workspace import Workspace

from pictures import write_folder, write_npz


@pytest.fixture
def folder(tmp_path, rng):
    return write_folder(tmp_path / "shapes", rng)


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({}, (16, 16, 24, 6)),
        ({"group": "t2"}, (16, 28, 24, 6)),
        ({"image_size": 20, "train_size": 9}, (20, 20, 9, 6)),
        ({"canvas": 24, "test_size": 5}, (16, 24, 24, 5)),
    ],
)
def test_what_was_found_is_filled_in(folder, options, sizes):
    experiment = Experiment("cnn", data=folder, **options)
    full, images = open_data(experiment)
    found = (full.image_size, full.canvas, full.train_size, full.test_size)
    assert found == sizes
    assert full.data == images.name == str(folder)
    assert full.complete() == full.complete(images) == full


def test_files_of_arrays_are_opened_too(tmp_path, rng):
    file = write_npz(tmp_path / "shapes.npz", rng, channels=3)
    full, images = open_data(Experiment("cnn", data=file))
    assert images.class_names == ("cross", "disc", "ring")
    assert (full.train_size, full.test_size) == (24, 6)


@pytest.mark.usefixtures("mnist")
def test_mnist_needs_no_opening():
    experiment = Experiment("cnn", "t2")
    assert open_data(experiment)[0] == experiment.complete()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_size": 25}, "`train_size` must be at most 24, the train images of"),
        ({"test_size": 7}, "`test_size` must be at most 6, the test images of"),
        ({"image_size": 15}, "`image_size` must be from 16 to 512"),
        ({"keep_together": "("}, "`keep_together` must be a regular expression"),
        ({"image_size": 20, "canvas": 16}, "`canvas` must be at least 20"),
        ({"canvas": 15}, "`canvas` must be at least 16"),
        (
            {"architecture": "cloned", "symmetry": "frozen,trainable"},
            "or 4 separated by commas",
        ),
    ],
)
def test_more_than_there_is_is_refused(folder, options, message):
    with pytest.raises(ValueError, match=message):
        open_data(Experiment(**{"architecture": "cnn", "data": folder} | options))


@pytest.mark.parametrize("count", [1, 5])
def test_files_that_are_left_out_are_named(folder, count):
    for number in range(count):
        (folder / "ring" / f"bad{number}.png").write_text("bad")
    named = rf"{count} files? (is|are) left out.*bad0\.png"
    with pytest.warns(DataWarning, match=named) as warned:
        open_data(Experiment("cnn", data=folder))
    message = str(warned[0].message)
    assert message.endswith("bad2.png, …" if count > 3 else "bad0.png")
    with pytest.raises(DataError, match=r"not a PNG, .* image that can be read"):
        open_data(Experiment("cnn", data=folder), Workspace(strict=True))


def test_files_of_one_patient_stay_together_and_changes_are_said_once(folder, rng):
    for number in range(10):
        for name in ("ring", "disc", "cross"):
            file = folder / name / f"{number}.png"
            file.rename(folder / name / f"p{number // 2}-{number}.png")
    Image.new("LA", (16, 16)).save(folder / "ring" / "p9-0.png")
    experiment = Experiment("cnn", data=folder, keep_together=r"p(\d)-")
    with pytest.warns(DataWarning) as warned:
        full, images = open_data(experiment)
    (note,) = (str(each.message) for each in warned)
    assert note == images.notes[0]
    assert note.startswith("1 file is read without their transparency: ")
    assert full.keep_together == r"p(\d)-"
    assert images.counts["test"] % 2 == 0
