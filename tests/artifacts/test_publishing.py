import os
import pathlib
import re
import shutil
import threading
import time

import pytest

from symclone_tf.artifacts import publishing
from symclone_tf.artifacts.publishing import (
    check_directory,
    publish,
    rescued,
    version_number,
    write_file,
)
from symclone_tf.errors import ArtifactError


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
def test_failure_leaves_no_files_behind(tmp_path, error):
    def fail(folder):
        fill(folder)
        raise error

    with pytest.raises(error):
        publish(tmp_path / "root" / "name", fail)
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_earlier_files(tmp_path):
    def fail(folder):
        raise OSError

    first = publish(tmp_path / "name", fill)
    with pytest.raises(OSError):  # noqa: PT011
        publish(tmp_path / "name", fail)
    assert list((tmp_path / "name").iterdir()) == [first]


def test_concurrent_writers_get_separate_versions(tmp_path):
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


class TestRescue:
    def test_what_cannot_be_written_is_kept_elsewhere(self, tmp_path):
        def export(root):
            if root == tmp_path:
                raise OSError("No space left on device")
            home = pathlib.Path(root, "name")
            return publish(home, lambda folder: (folder / "file").touch())

        with pytest.raises(OSError, match="No space left on device") as error:
            rescued(export, tmp_path)
        kept = pathlib.Path(re.search(r"it is in (\S+)\. Move", str(error.value))[1])
        assert (kept / "1" / "file").is_file()
        assert str(tmp_path) in str(error.value)
        shutil.rmtree(kept.parent)

    def test_where_nothing_can_be_written_the_first_error_is_raised(self, monkeypatch):
        made = []
        monkeypatch.setattr(
            publishing.tempfile, "mkdtemp", lambda **_: made.append(1) or "/nowhere"
        )

        def export(root):
            raise OSError(f"{root} is full")

        with pytest.raises(OSError, match=r"^there is full$"):
            rescued(export, "there")
        assert made == [1]

    def test_what_can_be_written_is_not_written_elsewhere(self, tmp_path):
        assert rescued(lambda root: root / "1", tmp_path) == tmp_path / "1"


def test_leftovers_of_killed_processes_are_removed_after_a_day(tmp_path):
    old, new = (tmp_path / f".writing-{name}" for name in ("old", "new"))
    for folder in (old, new):
        (folder / "variables").mkdir(parents=True)
    before = time.time() - 2 * 24 * 3600
    os.utime(old, (before, before))
    publish(tmp_path, lambda folder: None)
    assert not old.exists()
    assert new.exists()


def test_file_that_cannot_be_written_leaves_the_earlier_one(tmp_path):
    file = tmp_path / "a.txt"
    write_file(file, b"before")
    with pytest.raises(TypeError):
        write_file(file, "not bytes")
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]
