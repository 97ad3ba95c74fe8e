import pathlib

import pytest

from symclone_tf.data.sources import Reading, Source, is_path, one_line


def test_strings_and_paths_are_paths():
    assert is_path("a")
    assert is_path(pathlib.Path("a"))
    assert not is_path(("a", "b"))


def test_messages_have_one_line():
    assert one_line(ValueError("first\nsecond")) == "first"
    assert len(one_line(ValueError("a" * 999))) == 200


def test_a_source_says_what_it_takes_and_reads():
    with pytest.raises(NotImplementedError):
        Source.takes("a")
    with pytest.raises(NotImplementedError):
        Source("a").read(Reading())
    assert Source("a").name == "a"
