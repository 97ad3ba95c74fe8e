import pathlib

import pytest

from symclone_tf.data.sources import SOURCES, Source, is_path, one_line


def test_strings_and_paths_are_paths():
    assert is_path("a")
    assert is_path(pathlib.Path("a"))
    assert not is_path(("a", "b"))


def test_messages_have_one_line():
    assert one_line(ValueError("first\nsecond")) == "first"
    assert len(one_line(ValueError("a" * 999))) == 200


class Whole(Source):
    accepted = "nothing"

    @classmethod
    def takes(cls, data):
        return False

    def read(self, reading):
        raise AssertionError("it takes nothing")


def test_a_source_is_called_after_its_data():
    assert Whole("a").name == "a"


class WithoutRead(Source):
    accepted, takes = "nothing", Whole.takes


class WithoutTakes(Source):
    accepted, read = "nothing", Whole.read


class WithoutAccepted(Source):
    takes, read = Whole.takes, Whole.read


@pytest.mark.parametrize(
    ("cls", "missing"),
    [
        (WithoutRead, "without read"),
        (WithoutTakes, "without takes"),
        (WithoutAccepted, "without accepted"),
        (dict, "without a Source"),
        (Whole("a"), "without a Source"),
    ],
)
def test_a_source_that_lacks_a_part_is_refused_when_it_is_registered(cls, missing):
    before = dict(SOURCES)
    with pytest.raises(TypeError, match=missing):
        Source.register("mine")(cls)
    assert before == SOURCES
