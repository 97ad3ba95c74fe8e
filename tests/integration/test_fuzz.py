"""Whatever is typed, and whatever a file holds, ends in one line."""

import json
import pathlib
import shutil
import string
import tempfile
import time
import warnings

import psutil
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symclone_tf as sc
from symclone_tf.cli.main import main

from cases import trials

pytestmark = pytest.mark.slow

SECONDS = 30
MEGABYTES = 2000
drawn = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

numbers = st.one_of(
    st.integers(-3, 3).map(str),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["1e400", "0x10", "１", "1_000", "", " ", "-0", "nan", "inf"]),
)
words = st.one_of(
    st.text(string.printable, max_size=12),
    st.text(max_size=6).filter(lambda text: "\0" not in text),
    st.sampled_from(["c4", "t2", "sgd", "closed-form", "valid", "same", "--help"]),
)
paths = st.sampled_from(
    [
        "",
        ".",
        "..",
        "/dev/null",
        "/proc/self/mem",
        "file",
        "folder",
        "a" * 300,
        "exported",
    ]
)
values = st.one_of(numbers, words, paths)
COMMANDS = {
    name: [option.opts[0] for option in command.params if option.opts[0][0] == "-"]
    for name, command in main.commands.items()
}
# Not to be tried with what may be accepted: they would really train, for long.
HARMLESS = ("list", "evaluate", "export-layer", "serving-config")


@st.composite
def command_lines(draw):
    """A command with some of its options, and any values."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    # click gives every command its --help.
    known = st.sampled_from([*COMMANDS[name], "--help"])
    options = draw(st.lists(known, max_size=4))
    arguments = [name]
    for option in options:
        arguments.append(option)
        if draw(st.integers(0, 9)):
            arguments.append(draw(values))
    if name not in HARMLESS:
        # One thing that no command accepts, so that none of them starts.
        arguments += (
            ["--seed", "none"] if "--seed" in COMMANDS[name] else ["--group", "e8"]
        )
    return arguments + draw(st.lists(values, max_size=2))


@pytest.fixture
def folder(tmp_path, monkeypatch, small_clone):
    """A folder with an artifact, a file and a folder, and nothing above it."""
    inside = tmp_path / "inside"
    (inside / "folder").mkdir(parents=True)
    (inside / "file").write_text("text")
    sc.export(small_clone[0], inside / "exported")
    monkeypatch.chdir(inside)
    return inside


def watch(function):
    """Calls, and checks how long it took and what it took of memory."""
    process = psutil.Process()
    before, started = process.memory_info().rss, time.monotonic()
    result = function()
    assert time.monotonic() - started < SECONDS
    assert process.memory_info().rss - before < MEGABYTES * 1e6
    return result


def outside(folder):
    return sorted(p for p in folder.parent.rglob("*") if folder not in (p, *p.parents))


@trials(60, 300)
def test_command_lines(folder, trials):
    before = outside(folder)
    ended = {}

    @settings(drawn, max_examples=trials)
    @given(command_lines())
    def check(arguments):
        result = watch(lambda: CliRunner().invoke(main, arguments))
        assert isinstance(result.exception, (SystemExit, type(None))), arguments
        ended[result.exit_code] = ended.get(result.exit_code, 0) + 1
        assert result.exit_code in (0, 1, 2)
        if result.exit_code:
            assert "Error: " in result.stderr
            assert "Traceback" not in result.output
            *_, line = result.stderr.splitlines()
            assert len(line) < 2000

    check()
    assert ended[2] > trials / 3
    assert outside(folder) == before


damages = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 10**6), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.integers(0, 10**6), st.just(0)),
    st.tuples(st.just("grow"), st.integers(0, 10**6), st.integers(0, 255)),
    st.tuples(st.just("swap"), st.integers(0, 10**6), st.just(0)),
    st.tuples(st.just("remove"), st.just(0), st.just(0)),
    st.tuples(st.just("json"), st.integers(0, 10**6), st.integers(0, 10**6)),
)
json_values = [
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    "",
    "c4",
    "../..",
    [],
    [[]],
    {},
    "8" * 999,
]


def damage(path, file, kind, where, what):
    """Does one thing to one file of an artifact."""
    content = bytearray(file.read_bytes())
    if kind == "flip" and content:
        content[where % len(content)] ^= what
    elif kind == "cut":
        del content[where % (len(content) + 1) :]
    elif kind == "grow":
        content += bytes([what]) * (where % 10_000)
    elif kind == "swap":
        others = sorted(p for p in path.rglob("*") if p.is_file())
        content = bytearray(others[where % len(others)].read_bytes())
    elif kind == "json" and file.suffix == ".json":
        record = json.loads(content)
        positions = list(_places(record))
        part, name = positions[where % len(positions)]
        part[name] = json_values[what % len(json_values)]
        content = bytearray(json.dumps(record).encode())
    if kind == "remove":
        file.unlink()
    else:
        file.write_bytes(content)


def _places(record):
    """Every entry of a record, and of what is in it."""
    for name in sorted(record):
        yield record, name
        if isinstance(record[name], dict):
            yield from _places(record[name])


def _tried(path):
    """The student, or why there is none."""
    try:
        return sc.load(path), None
    except sc.ArtifactError as error:
        return None, str(error)


@trials(60, 300)
def test_damaged_artifacts(small_clone, tmp_path, trials):
    student, report = small_clone
    whole = sc.export(student, tmp_path / "whole", report)
    files = sorted(p.relative_to(whole) for p in whole.rglob("*") if p.is_file())
    ended = {"loaded": 0, "refused": 0}

    @settings(drawn, max_examples=trials)
    @given(st.sampled_from(files), damages)
    def check(file, change):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "c4-lifting-8x8-k3", "1")
            shutil.copytree(whole, path)
            damage(path, path / file, *change)
            loaded, refusal = watch(lambda: _tried(path))
            ended["loaded" if loaded else "refused"] += 1
            if loaded:
                assert loaded.parameters == student.parameters
            else:
                assert "\n" not in refusal
                assert len(refusal) < 1000
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", sc.ArtifactWarning)
                watch(lambda: sc.artifacts.list_artifacts(scratch))
            few = ["evaluate", str(path), "--images", "2", "--kernels", "1"]
            result = watch(lambda: CliRunner().invoke(main, few))
            assert isinstance(result.exception, (SystemExit, type(None)))
            assert result.exit_code in (0, 2)

    check()
    assert ended["refused"] > trials / 10
    assert ended["loaded"] > trials / 10
