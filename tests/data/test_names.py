import pathlib

import numpy as np
import pytest

from symclone_tf.data.names import named_data, short_name


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("cifar10", "cifar10"),
        ("photos/", "photos"),
        ("a/b c/cells.v2.npz", "cells.v2"),
        ("./-odd (1)-", "odd-1"),
        ("über/日本", "images"),
        ("a" * 99, "a" * 60),
    ],
)
def test_names_fit_artifacts(data, name):
    assert short_name(data) == name


def test_this_folder_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "pets").mkdir()
    monkeypatch.chdir(tmp_path / "pets")
    assert short_name(".") == "pets"


def test_strings_and_paths_can_be_written_down():
    assert named_data("cifar10") == "cifar10"
    assert named_data(pathlib.Path("a", "b.npz")) == "a/b.npz"


@pytest.mark.parametrize(
    ("data", "given"),
    [
        ((np.zeros(3), np.zeros(3)), "an object of type tuple"),
        ("a\nb", r"'a\\nb'"),
        (" ", "' '"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(data, given):
    with pytest.raises(ValueError, match=f"`data` must be a name.*data={given}"):
        named_data(data)
