"""Files of a folder, each read once."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.data.decoded import Decoded, Unreadable
from symclone_tf.data.folder_checks import FolderCheck


@pytest.fixture
def files(monkeypatch):
    """Images, or why there are none, by names in place of files."""
    found = {}

    def read(path):
        if isinstance(found[path], str):
            raise Unreadable(found[path])
        return found[path]

    monkeypatch.setattr("symclone_tf.data.folder_checks.read_image", read)
    return found


def image(channels=1, size=(4, 5), dtype="uint8", value=9, notes=()):
    return Decoded(np.full((*size, channels), value, dtype), notes)


def test_what_files_hold_is_found_in_their_order(files, monkeypatch):
    monkeypatch.setattr("symclone_tf.data.folder_checks.AT_A_TIME", 3)
    for number in range(10):
        files[f"{number}"] = image(size=(4, 5 + number % 2), value=99)
    files |= {"3": "broken", "7": "broken", "8": "a film"}
    checked = FolderCheck("mine")
    assert checked.readable(list(files)) == ["0", "1", "2", "4", "5", "6", "9"]
    assert checked.skipped == ["3", "7", "8"]
    assert checked.reason == "broken"
    assert checked.sizes == {(4, 5), (4, 6)}
    scale, lines = checked.scale()
    assert (checked.channels, scale.dtype) == (1, "uint8")
    assert lines == [
        "2 files are left out, broken: 3, 7",
        "1 file is left out, a film: 8",
    ]


def test_what_was_done_is_said_of_each_kind_of_change(files):
    files |= {"a": image(3, notes=("turned", "cut")), "b": image(notes=("turned",))}
    checked = FolderCheck("mine")
    checked.readable(["b"])
    assert checked.channels == 1
    assert checked.scale()[1][0] == "1 file is turned: b"
    checked.readable(["a"])
    assert checked.channels == 3
    assert checked.scale()[1][:3] == [
        "2 files are turned: b, a",
        "1 file is cut: a",
        "1 file is gray among images in colour, which all became: b",
    ]


def test_pixels_that_are_no_numbers_are_refused_with_the_file(files):
    files |= {"a": image(dtype="float32"), "b": image(dtype="float32", value=np.nan)}
    checked = FolderCheck("mine")
    assert checked.readable(["a", "b"]) == ["a", "b"]
    with pytest.raises(sc.DataError, match=r"20 pixels are not .* in 1 image, .* b:"):
        checked.scale()
