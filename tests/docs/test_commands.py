"""Every command is one, with options that it has; the cheap ones run."""

import pathlib
import shlex
import shutil

import click
import numpy as np
import pytest
from click.testing import CliRunner

from symclone_tf.cli.main import main

from networks import plain
from pages import (
    GALLERY,
    PAGES,
    README,
    Written,
    commands,
    doc,
    every_page,
    parse,
    spans,
)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    file = tmp_path_factory.mktemp("network") / "cnn.keras"
    plain().save(file)
    return file


@pytest.fixture
def gallery(tmp_path, monkeypatch, network):
    """A folder with the clones of the project, a kernel in a file, and a network."""
    monkeypatch.chdir(tmp_path)
    for clone in GALLERY.parent.glob("*-[6-9]x[6-9]-k3"):
        shutil.copytree(clone, pathlib.Path("exported", clone.name))
    np.save("edges.npy", np.ones((3, 3, 1, 1), "float32"))
    shutil.copy(network, "cnn.keras")


@every_page()
def test_commands_have_these_options(page, gallery):
    for written in commands(page):
        parse(written)


# Options that earlier versions had.
REMOVED = {"--costs"}


@every_page()
def test_options_are_those_of_some_command(page):
    known = {o for c in main.commands.values() for p in c.params for o in p.opts}
    if page.name == "CHANGELOG.md":
        known |= REMOVED
    for span in spans(page):
        if span.startswith("--"):
            words = shlex.split(span)
            assert {w for w in words if w.startswith("--")} <= known | {"--help"}, span


def test_what_is_wrong_with_a_command_is_found():
    for line in ("clone --grup c4", "clone --group c1", "clon --group c4", "clone"):
        with pytest.raises((AssertionError, click.UsageError)):
            parse(Written(line.split(), block=True))
    for line in ("clone --size 28", "clone --canvas 28 --size"):
        with pytest.raises(click.UsageError):
            parse(Written(line.split(), block=False))
    assert parse(Written(["clone", "--steps"], block=False)) == {}


# Replicas take their time, and tests of strategies have them already.
SLOW = [doc("how-to/several-gpus")]


# By test_index.py, whole and in its order.
APART = [doc("index")]


@pytest.mark.slow
@every_page(
    [p for p in PAGES if p not in APART and any(w.block for w in commands(p))], SLOW
)
def test_cheap_commands_run(page, gallery):
    for written in commands(page):
        if written.block and written.is_cheap:
            result = CliRunner().invoke(main, written.arguments)
            assert result.exit_code == 0, result.output


def test_some_commands_are_cheap():
    cheap = {w.name for p in PAGES for w in commands(p) if w.block and w.is_cheap}
    assert cheap >= {"clone", "evaluate", "serving-config", "list"}


def test_all_commands_are_in_the_readme():
    assert {written.name for written in commands(README)} == set(main.commands)
