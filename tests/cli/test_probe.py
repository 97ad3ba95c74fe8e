import json
import pathlib
import shlex

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cli.main import main

from cases import later
from probes import finished, stripes


def commands(stdout):
    """The commands that are suggested, by their names, as a shell splits them."""
    lines = [line.split("symclone-tf ")[1] for line in stdout.splitlines()
             if line.startswith("      symclone-tf ")]  # fmt: skip
    return {words[0]: words[1:] for words in map(shlex.split, lines)}


def parsed(name, words):
    """The options of a command, which must accept them."""
    command = main.commands[name]
    return command.make_context(name, list(words)).params


@pytest.fixture
def probed(run, monkeypatch):
    """Runs the command with a probe that no training made, of two or three seeds."""

    def check(*options, seeds=3, file="stripes.npz", **of_probe):
        found = finished(file, seeds=seeds, **of_probe)
        monkeypatch.setattr(sc.probe, "probe", lambda *args, **kwargs: found)
        result = run("probe", "--data", file, *options)
        assert result.exit_code == 0, result.output
        return result.stdout

    return check


LONG = "a folder with a very long name of images that were taken of cells by a lab.npz"


@pytest.mark.parametrize("file", ["stripes.npz", LONG])
def test_tables_fit_into_80_columns(probed, monkeypatch, file):
    monkeypatch.setenv("COLUMNS", "80")
    shown = probed(file=file, groups=("t2", "c4"))
    first, _, rest = shown.partition("Each network was trained")
    assert rest
    assert max(map(len, first.splitlines())) <= 80
    # No cell is broken.
    for words in (
        "61.0% ± 1.0%",
        "-25.0 (-25.0 to -25.0)",
        "Over augmentation",
        "break",
    ):
        assert words in first


def test_what_was_told_ends_with_the_command_to_train(probed):
    shown = probed("--image-size", 16, "--clones", "my clones")
    assert "Next: open probe/probe.html in a browser" in shown
    found = commands(shown)
    assert list(found) == ["train"]
    options = parsed("train", found["train"])
    assert options["data"] == "stripes.npz"
    assert (options["group"], options["architecture"]) == ("t2", "cnn")
    assert (options["image_size"], options["clones"]) == (16, "my clones")


def test_what_was_not_told_ends_with_the_command_to_go_on(probed):
    given = ("--groups", "t2,c4", "--seeds", 2, "--minutes", 2.5, "--output", "a b")
    shown = probed(*given, seeds=2)
    assert "2 seeds exclude nothing" in shown
    options = parsed("probe", commands(shown)["probe"])
    assert options["groups"] == ("t2", "c4")
    assert options["seeds"] > 2
    assert options["minutes"] > 2.5
    assert (options["data"], options["output"]) == ("stripes.npz", "a b")


def test_going_on_never_asks_for_less_than_before(probed):
    shown = probed("--seeds", 60, "--minutes", 500, seeds=2)
    options = parsed("probe", commands(shown)["probe"])
    assert (options["seeds"], options["minutes"]) == (60, 500)


def test_more_images_are_another_probe(probed, monkeypatch):
    monkeypatch.setattr(sc.probe, "continuation", lambda found: {"minutes": 10})
    options = parsed("probe", commands(probed())["probe"])
    assert (options["output"], options["minutes"]) == ("probe-10-minutes", 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("assumed", {"architecture": "gcnn", "symmetry": None}),
        ("may break", {"symmetry": "anchored", "student": "regional",
                       "regions": (2, 3), "anchor_strength": 0.5}),
        ("with RandomFlip, RandomRotation",
         {"architecture": "cnn", "augment": "flip,rotation"}),
    ],
)  # fmt: skip
def test_what_is_recommended_is_what_train_trains(probed, monkeypatch, kind, expected):
    made = sc.probe.Recommendation("c4", kind, "C4.", "import keras")
    monkeypatch.setattr("probes.recommend", lambda *args: made)
    options = ("--student", "regional", "--regions", "2x3", "--keep-together", "p.")
    shown = commands(probed(*options))
    options = parsed("train", shown["train"])
    assert expected.items() <= options.items()
    assert (options["group"], options["keep_together"]) == ("c4", "p.")


def test_an_interruption_is_one_line_that_says_how_to_go_on(run, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(sc.probe, "probe", interrupted)
    result = run("probe", "--data", "stripes.npz")
    assert result.exit_code == 130
    assert result.stdout == ""
    assert result.stderr.startswith("Error: Interrupted.")
    assert "start the same command again" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_says_of_each_symmetry_what_it_found_and_goes_on(run, monkeypatch):
    monkeypatch.setattr("symclone_tf.probe.plans.EPOCHS", 2)
    stripes("stripes.npz")
    options = ("--groups", "c4", "--seeds", 2, "--minutes", 20)
    result = run("probe", "--data", "stripes.npz", *options)
    assert result.exit_code == 0, result.output
    kept = json.loads(pathlib.Path("probe/probe.json").read_text())
    assert kept["verdicts"][0]["sentence"] in result.stdout
    assert kept["recommendation"]["code"] in result.stdout
    assert "Next: open probe/probe.html in a browser" in result.stdout
    assert "Timed 4 of 4 networks: C4 may break" in result.stderr
    assert "12 networks to train" in result.stderr
    assert "12 of 12: C4 may break, seed 1: " in result.stderr
    page = pathlib.Path("probe/probe.html").read_text("utf-8")
    assert "Symmetries of stripes.npz" in page
    again = run("probe", "--data", "stripes.npz", *options)
    assert again.stdout == result.stdout


@pytest.mark.slow
def test_regional_students_are_probed(run, monkeypatch):
    monkeypatch.setattr("symclone_tf.probe.plans.EPOCHS", 2)
    stripes("stripes.npz")
    options = ("--groups", "t2", "--seeds", 2, "--minutes", 20)
    regional = ("--student", "regional", "--regions", "2x2")
    result = run("probe", "--data", "stripes.npz", *options, *regional)
    assert result.exit_code == 0, result.output
    kept = json.loads(pathlib.Path("probe/probe.json").read_text())
    assert kept["options"]["student"] == "regional"
    assert kept["options"]["regions"] == [2, 2]
    assert pathlib.Path("exported/t2-16x16-k3-regional-r2x2").is_dir()
    other = run("probe", "--data", "stripes.npz", *options)
    assert other.exit_code == 2
    assert "a probe with --student regional" in other.stderr


def test_help_answers_like_an_instruction(run):
    text = run("probe", "--help").stdout
    assert "preserve it, break it, or that it cannot tell" in " ".join(text.split())
    assert "default: 30" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--groups", "c4,c65"), "'c65' is not t2, flip, cN or dN, as c4 and d8"),
        (("--groups", ""), "'' is not t2, flip"),
        (("--seeds", 1), "1 is not in the range"),
        (("--minutes", 0), "0.0 is not in the range"),
        (("--student", "dense"), "'dense' is not one of 'local', 'regional'"),
        (("--regions", 2), "--regions are those of --student regional"),
        (("--student", "regional", "--regions", 1), "--regions must be more than one"),
        (("--image-size", 8), "--image-size must be from 16 to 512 pixels"),
        (("--groups", "t2,c16"), "--image-size must be at least 28 for C16"),
    ],
)
def test_bad_input_is_refused(refused, options, message):
    stripes("stripes.npz")
    assert message in refused("probe", "--data", "stripes.npz", *options)


def test_missing_data_is_refused(refused):
    assert "nowhere.npz" in refused("probe", "--data", "nowhere.npz")
    assert "is not a data set" in refused("probe", "--data", "nowhere_at_all")
    np.savez("some.npz", y_train=np.zeros(3, int))
    assert "lacks x_train" in refused("probe", "--data", "some.npz")


@pytest.mark.parametrize("minutes", [0.01, later(1)])
def test_too_little_time_is_refused_before_anything_is_made(
    refused, monkeypatch, minutes
):
    if minutes == 1:  # on a slow machine
        monkeypatch.setattr("symclone_tf.probe.plans.FEWEST_IMAGES", 160)
        monkeypatch.setattr("symclone_tf.probe.plans.FEWEST_EPOCHS", 1000)
    stripes("stripes.npz", 260)
    options = ("--data", "stripes.npz", "--minutes", minutes)
    assert "--minutes must be at least" in refused("probe", *options)


def test_a_page_of_someone_else_is_left_alone(run):
    stripes("stripes.npz")
    page = pathlib.Path("probe/probe.html")
    page.parent.mkdir()
    page.write_text("mine")
    result = run("probe", "--data", "stripes.npz")
    assert result.exit_code == 2
    assert "was not written by symclone-tf" in result.stderr
    assert page.read_text() == "mine"


def test_patients_are_kept_together(run, tmp_path, monkeypatch):
    asked = []

    def probe(data, **options):
        asked.append((data, options["keep_together"]))
        raise ValueError("`minutes` must be at least 9. Received: minutes=1")

    monkeypatch.setattr("symclone_tf.probe.probing.probe", probe)
    monkeypatch.setattr("symclone_tf.probe.probe", probe, raising=False)
    run("probe", "--data", "slides", "--keep-together", "(p[0-9]+)")
    assert asked == [("slides", "(p[0-9]+)")]
