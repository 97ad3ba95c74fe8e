import os
import re
import signal
import subprocess
import sys

import pytest

import symclone_tf
from symclone_tf.cli.main import COMMANDS

from processes import announcing

PROGRAM = [sys.executable, "-m", "symclone_tf.cli"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["clone", "--help"],
        ["train", "--help"],
        ["benchmark", "--help"],
        ["explore", "--help"],
        ["--version"],
        ["clone", "--bad"],
    ],
)
def test_questions_are_answered_without_tensorflow(arguments, tmp_path):
    script = (
        "import sys\nfrom symclone_tf.cli.main import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=tmp_path)


def test_help_names_every_command(run):
    output = run("--help").stdout
    assert all(name in output for name in ("clone", "evaluate", "list"))
    assert run("-h").stdout == output


def test_help_says_what_frozen_means_wherever_it_is_offered(run):
    names = [command.name for command in COMMANDS]
    texts = {name: " ".join(run(name, "--help").stdout.split()) for name in names}
    offering = {name: text for name, text in texts.items() if "[frozen|" in text}
    assert set(offering) == {"train", "benchmark", "relax", "symmetrize"}
    for text in offering.values():
        assert re.search(
            r"Of a frozen (clone|layer) the student does not train; "
            r"(the layer's|its) kernel and bias do\.",
            text,
        )


def test_version_is_the_packages(run):
    assert symclone_tf.__version__ in run("--version").stdout


def test_unknown_command_is_refused(refused):
    assert "'explode'" in refused("explode")


@pytest.mark.slow
def test_terminal_shows_nothing_of_tensorflow(tmp_path):
    arguments = ["clone", "--group", "t2", "--image-size", "5"]
    process = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"},
    )
    assert len(process.stderr.splitlines()) == 1
    assert "T(2) 5×5" in process.stderr
    assert process.stdout.startswith("Cloned")


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_terminal_shows_nothing_of_what_reads_the_data(tmp_path):
    arguments = ["explore", "--image-size", "16", "--output", "page.html"]
    process = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    shown = [line.split()[0] for line in process.stderr.splitlines()]
    assert shown == ["C4", "C4", "relaxed"]  # two clones, and one trained on
    assert process.stdout.startswith("Wrote page.html")


@pytest.mark.slow
def test_interruption_ends_with_one_line_and_no_partial_artifact(tmp_path):
    arguments = ["clone", "--group", "c4", "--image-size", "16", "--steps", "1000000"]
    with announcing(arguments, cwd=tmp_path) as process:
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert set(output.splitlines()) <= {"training"}
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("Error: Interrupted.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "now"),
    [("--moves", "--trainable-part"), ("--max-shift", "--max-translation")],
)
def test_options_of_earlier_versions_are_named_as_they_are_now(refused, option, now):
    message = refused("train", "--group", "c4", option, "3")
    assert f"{option} is called {now} since version 0.3." in message
