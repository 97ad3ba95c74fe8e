import json
import pathlib

import numpy as np
import pytest

from probes import stripes


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
    assert 'student="regional", regions=(2, 2)' in result.stdout
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


@pytest.mark.slow
def test_too_little_time_is_refused_and_nothing_is_kept(run):
    stripes("stripes.npz")
    options = ("--groups", "t2", "--minutes", 0.01)
    result = run("probe", "--data", "stripes.npz", *options)
    assert result.exit_code == 2
    assert "Error: --minutes must be at least" in result.stderr
    assert not pathlib.Path("probe").exists()


def test_a_page_of_someone_else_is_left_alone(run):
    stripes("stripes.npz")
    page = pathlib.Path("probe/probe.html")
    page.parent.mkdir()
    page.write_text("mine")
    result = run("probe", "--data", "stripes.npz")
    assert result.exit_code == 2
    assert "was not written by symclone-tf" in result.stderr
    assert page.read_text() == "mine"
