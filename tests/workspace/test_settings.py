import dataclasses
import re

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.workspace import Workspace

from pictures import write_folder


def test_none_is_the_default_workspace():
    assert Workspace.of(None) == Workspace()
    assert Workspace().clones == "exported"


def test_a_workspace_stays_as_it_is():
    given = Workspace("mine", "data", verbose=0, strict=True)
    assert Workspace.of(given) is given


def test_anything_else_is_refused_with_what_is_accepted():
    with pytest.raises(ValueError, match=r"must be a Workspace, .*workspace='mine'"):
        Workspace.of("mine")
    with pytest.raises(ValueError, match=r"workspace='mine'"):
        sc.experiments.run_experiment(sc.experiments.Experiment(), "mine")


def test_it_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Workspace().clones = "mine"


def test_a_silent_workspace_has_the_same_folders():
    given = Workspace("mine", "data", verbose=1, strict=True)
    assert given.silent == Workspace("mine", "data", verbose=0, strict=True)


def test_images_are_opened_strictly_where_it_is_strict(tmp_path, rng):
    data = write_folder(tmp_path / "shapes", rng)
    (data / "ring" / "bad.png").write_text("bad")
    with pytest.warns(sc.errors.DataWarning, match=r"1 file is left out.*bad\.png"):
        assert len(Workspace().open_images(data).skipped) == 1
    with pytest.raises(sc.DataError, match="1 file is not a PNG, JPEG"):
        Workspace(strict=True).open_images(data)


def test_images_of_a_name_come_from_its_data_dir(tmp_path, offline):
    with pytest.raises(sc.DataError, match=r"not in .*mine"):
        Workspace(data_dir=tmp_path / "mine").open_images("mnist")


def test_images_are_resized(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, x_train=np.zeros((4, 32, 32), "uint8"), y_train=np.arange(4) % 2)
    assert Workspace().open_images(file, 16).size == 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clones": 5}, "`clones` must be a string or a path. Received: clones=5"),
        ({"clones": None}, "`clones` must be a string or a path"),
        ({"data_dir": 3}, "`data_dir` must be a string or a path"),
        ({"verbose": "no"}, "`verbose` must be one of 0, 1"),
        ({"strict": "yes"}, "`strict` must be one of False, True"),
    ],
)
def test_what_a_run_could_not_use_is_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Workspace(**options)
