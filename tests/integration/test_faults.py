"""Full disks, read-only folders, other processes, and odd environments."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import symclone_tf as sc

MAIN = "import sys; from symclone_tf.cli.main import main; main()"
CLONE = ("clone", "--group", "t2", "--image-size", "8")


@contextlib.contextmanager
def mounted(folder, options):
    """A file system of its own, where this is permitted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(command, capture_output=True).returncode
    ):
        pytest.skip("file systems cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def run(*arguments, folder, **environment):
    """The command line in a process of its own, and environment."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, arguments)],
        cwd=folder,
        env={k: v for k, v in {**os.environ, **environment}.items() if v is not None},
        capture_output=True,
        timeout=120,
    )


def in_one_line(done):
    """The error that a command ended with."""
    assert done.returncode != 0
    *_, line = done.stderr.decode("utf-8", "replace").splitlines()
    assert line.startswith("Error: ")
    assert b"Traceback" not in done.stderr
    return line


class TestDisk:
    @pytest.mark.slow
    def test_clone_that_does_not_fit_is_kept_elsewhere(self, tmp_path):
        with mounted(tmp_path / "full", "size=64k") as full:
            line = in_one_line(run(*CLONE, "--output", full / "out", folder=tmp_path))
            assert not list(full.iterdir())
        kept = pathlib.Path(re.search(r"it is in (\S+)\. Move", line)[1])
        assert sc.nmse(sc.load(kept)) < 1e-10
        shutil.rmtree(kept.parent)

    def test_what_was_there_is_untouched(self, tmp_path, small_clone):
        with mounted(tmp_path / "full", "size=400k") as full:
            path = sc.export(small_clone[0], full)
            before = {f: f.read_bytes() for f in path.rglob("*") if f.is_file()}
            error = None
            while error is None:
                try:
                    sc.export(small_clone[0], full)
                except OSError as caught:
                    error = caught
            assert "\n" not in str(error)
            assert {f: f.read_bytes() for f in before} == before
            for version in path.parent.iterdir():
                assert sc.nmse(sc.load(version)) < 1e-10

    @pytest.mark.slow
    def test_read_only_folder_is_refused_before_any_work(self, tmp_path):
        with mounted(tmp_path / "fixed", "ro") as fixed:
            done = run(*CLONE, "--output", fixed, folder=tmp_path)
            assert "--output must be writable" in in_one_line(done)
            assert done.returncode == 2
            assert "NMSE" not in done.stderr.decode("utf-8")


EXPORT = """
import sys
import symclone_tf as sc
student = sc.DenseStudent(sc.ConvTeacher("t2", 6), seed=int(sys.argv[2]))
student.build()
for weight in student.weights:
    weight.assign(weight * 0 + int(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(8):
    print(sc.export(student, sys.argv[1]).name, flush=True)
"""


@pytest.mark.slow
def test_two_processes_that_export_at_once_get_versions_of_their_own(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", EXPORT, str(tmp_path / "root"), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=tmp_path,
        )
        for number in (1, 2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        print(file=process.stdin, flush=True)
    names = [process.communicate()[0].split() for process in processes]
    assert sorted(map(int, names[0] + names[1])) == list(range(1, 17))
    for number, versions in zip((1, 2), names):
        for name in versions:
            student = sc.load(tmp_path / "root" / "t2-6x6-k3" / name)
            for weight in student.get_weights():
                np.testing.assert_array_equal(weight, number)


class TestEnvironments:
    """Results do not depend on where a command runs."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "environment",
        [
            {"HOME": None, "LC_ALL": "C", "PYTHONUTF8": "0", "TERM": "dumb"},
            pytest.param(
                {"PYTHONIOENCODING": "ascii", "COLUMNS": "40", "NO_COLOR": "1"},
                marks=pytest.mark.slow,
            ),
            pytest.param(
                {"KERAS_BACKEND": "jax", "HOME": "/nowhere"}, marks=pytest.mark.slow
            ),
        ],
        ids=["no home, no locale", "ascii, 40 columns", "another backend"],
    )
    def test_clone(self, tmp_path, environment):
        done = run(*CLONE, folder=tmp_path, **environment)
        assert done.returncode == 0, done.stderr
        assert b"exported/t2-8x8-k3" in done.stdout
        assert b"Traceback" not in done.stderr
        assert sc.nmse(sc.load(tmp_path / "exported" / "t2-8x8-k3")) < 1e-10

    @pytest.mark.slow
    def test_keras_configured_otherwise(self, tmp_path):
        home = tmp_path / "keras"
        home.mkdir()
        config = {
            "floatx": "float64",
            "epsilon": 1e-7,
            "backend": "jax",
            "image_data_format": "channels_first",
        }
        (home / "keras.json").write_text(json.dumps(config))
        done = run(*CLONE, folder=tmp_path, KERAS_HOME=str(home))
        assert done.returncode == 0, done.stderr
        student = sc.load(tmp_path / "exported" / "t2-8x8-k3")
        assert sc.nmse(student) < 1e-10
        assert student.compute_dtype == "float32"

    @pytest.mark.slow
    def test_folder_with_spaces_and_letters_of_other_languages(self, tmp_path):
        folder = tmp_path / "a b ü 雪"
        folder.mkdir()
        assert run(*CLONE, folder=folder).returncode == 0
        done = run("serving-config", folder=folder)
        assert done.returncode == 0
        assert sc.nmse(sc.load(folder / "exported" / "t2-8x8-k3")) < 1e-10

    @pytest.mark.slow
    def test_pipe_that_no_one_reads_is_no_error(self, tmp_path, small_clone):
        sc.export(small_clone[0], tmp_path / "exported")
        with subprocess.Popen(
            [sys.executable, "-c", MAIN, "serving-config"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=60) == 141


@pytest.mark.slow
def test_same_seed_gives_the_same_bytes_in_two_processes(tmp_path):
    for name in ("a", "b"):
        arguments = ("clone", "--group", "c4", "--image-size", "12", "--output", name)
        assert run(*arguments, folder=tmp_path).returncode == 0
    paths = [tmp_path / name / "c4-lifting-12x12-k3" / "1" for name in ("a", "b")]
    variables = [
        (path / "variables" / "variables.data-00000-of-00001").read_bytes()
        for path in paths
    ]
    assert variables[0] == variables[1]
    weights = [sc.load(path).get_weights() for path in paths]
    for mine, theirs in zip(*weights, strict=True):
        assert mine.tobytes() == theirs.tobytes()
