"""What readers of image files share."""

import json

import pytest

import symclone_tf as sc
from symclone_tf.data import decoded
from symclone_tf.data.decoded import Unreadable


def test_large_images_are_decoded_one_after_another(monkeypatch):
    monkeypatch.setattr(decoded, "LARGE", 99)
    with decoded.check_size(10, 10):
        assert decoded._LARGE.locked()
    with decoded.check_size(9, 11):
        assert not decoded._LARGE.locked()
    for shape in ((0, 5), (5, 0), (-1, 5)):
        with pytest.raises(Unreadable, match="without any pixels"):
            decoded.check_size(*shape)


def test_a_limit_by_pixels_is_exact(monkeypatch):
    monkeypatch.setattr(decoded, "MOST_FILE_PIXELS", 100)
    with decoded.check_size(20, 5):
        pass
    for shape in ((101, 1), (1, 101), (11, 10)):
        with pytest.raises(Unreadable, match="of more than 100 pixels"):
            decoded.check_size(*shape)


def test_libraries_are_found_or_named():
    assert decoded.library("json", "none", "a.txt") is json
    with pytest.raises(sc.DataError) as error:
        decoded.library("no_such_library.part", "none", "a.txt")
    assert str(error.value) == (
        "a.txt is read by no_such_library, which is not installed: "
        "pip install 'symclone-tf[none]'"
    )
