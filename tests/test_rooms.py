"""Data flows one way through the rooms."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import symclone_tf

ROOT = pathlib.Path(__file__).parent.parent
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder):
    """Puts the package in a folder to the contracts of pyproject.toml."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--config", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def package(tmp_path):
    """A copy of the package's source, the command line in its place."""
    source = pathlib.Path(symclone_tf.__file__).parent
    copy = tmp_path / "symclone_tf"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    if not (copy / "cli").is_dir():
        shutil.copytree(ROOT / "cli", copy / "cli")
    return copy


def test_imports_point_down(package):
    checked = lint(package.parent)
    assert checked.returncode == 0, checked.stdout
    assert "2 kept, 0 broken" in checked.stdout


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ("symmetry.point_groups", "teachers.conv_teacher"),
        ("teachers.conv_teacher", "students.dense"),
        ("students.dense", "cloning.recipes"),
        ("cloning.cloner", "layers.anchors"),
        ("networks.callbacks", "experiments.image_networks"),
        ("artifacts.loading", "figures.style"),
        ("experiments.runs", "cli.main"),
        ("errors", "symmetry.point_groups"),
    ],
)
def test_imports_that_point_up_fail_with_both_names(package, below, above):
    file = package.joinpath(*below.split(".")).with_suffix(".py")
    file.write_text(file.read_text() + f"\nimport symclone_tf.{above}\n")
    checked = lint(package.parent)
    assert checked.returncode == 1
    assert f"symclone_tf.{below} -> symclone_tf.{above}" in checked.stdout


def test_students_import_no_groups(package):
    file = package / "students" / "dense.py"
    file.write_text(file.read_text() + "\nimport symclone_tf.symmetry.point_groups\n")
    checked = lint(package.parent)
    assert checked.returncode == 1
    assert "Students know nothing of groups BROKEN" in checked.stdout


def test_a_room_that_is_not_in_the_contract_fails(package):
    (package / "attic").mkdir()
    (package / "attic" / "__init__.py").touch()
    checked = lint(package.parent)
    assert checked.returncode == 1
    assert "attic" in checked.stdout


def test_modules_fit_in_a_sitting():
    """About 300 lines; what grows over them has a second purpose."""
    files = [*ROOT.glob("symclone_tf/**/*.py"), *ROOT.glob("cli/*.py")]
    long = {f: len(f.read_text("utf-8").splitlines()) for f in files}
    assert len(long) > 100
    assert {file: n for file, n in long.items() if n > 310} == {}


def test_tests_mirror_the_rooms():
    for room in (ROOT / "symclone_tf").iterdir():
        if not (room / "__init__.py").is_file():
            continue
        modules = {f.stem for f in room.glob("[a-z]*.py")}
        tests = {f.stem[len("test_") :] for f in (ROOT / "tests" / room.name).glob("*")}
        assert modules - tests <= UNTESTED_ALONE, room.name


# What only computes for others, and is tested with them.
UNTESTED_ALONE = {
    *("base", "encoding", "convolution", "saved_models", "interfaces"),
    *("gradient_descent", "training_options", "report"),
    "replacement",
    *("drawn_steps", "tensorflow_steps", "jax_steps", "torch_steps"),
}


def test_names_that_moved_to_another_room_are_said_to_be_there():
    with pytest.raises(AttributeError, match=r"open_images: it is symclone_tf\.data\."):
        _ = symclone_tf.experiments.open_images
    with pytest.raises(AttributeError, match=r"attribute nothing$"):
        _ = symclone_tf.layers.nothing
