import pathlib
import threading

import pytest

from symclone_tf.errors import ArtifactError
from symclone_tf.publishing import check_directory, publish, version_number


def fill(folder):
    (folder / "content").write_text("whole")


def test_versions_count_up(tmp_path):
    paths = [publish(tmp_path / "root" / "name", fill) for _ in range(3)]
    assert [path.name for path in paths] == ["1", "2", "3"]
    assert all((path / "content").read_text() == "whole" for path in paths)


def test_nothing_is_visible_before_it_is_whole(tmp_path):
    def look(folder):
        assert not any(version_number(path) for path in folder.parent.iterdir())
        fill(folder)

    publish(tmp_path / "name", look)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_failure_leaves_nothing_behind(tmp_path, error):
    def fail(folder):
        fill(folder)
        raise error

    with pytest.raises(error):
        publish(tmp_path / "root" / "name", fail)
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_what_was_there(tmp_path):
    def fail(folder):
        raise OSError

    first = publish(tmp_path / "name", fill)
    with pytest.raises(OSError):  # noqa: PT011
        publish(tmp_path / "name", fail)
    assert list((tmp_path / "name").iterdir()) == [first]


def test_writers_at_the_same_time_get_versions_of_their_own(tmp_path):
    barrier = threading.Barrier(8)

    def write(folder):
        barrier.wait()
        fill(folder)

    threads = [
        threading.Thread(target=publish, args=(tmp_path / "name", write))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = sorted(path.name for path in (tmp_path / "name").iterdir())
    assert versions == [str(n) for n in range(1, 9)]


@pytest.mark.parametrize(
    ("name", "number"),
    [("1", 1), ("20", 20), ("0", 0), ("-1", 0), ("1a", 0), (".writing-1", 0), ("²", 0)],
)
def test_versions_are_numbers(name, number):
    assert version_number(pathlib.Path("home", name)) == number


def test_root_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match=r"`clones` must be a folder.*file is a"):
        check_directory(tmp_path / "file" / "deeper", "clones")
