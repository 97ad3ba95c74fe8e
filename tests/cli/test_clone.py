import json
import pathlib

import click
import pytest

import symclone_tf as sc
from symclone_tf.cli import options
from symclone_tf.cli.main import main

from cases import later


def test_clones_all_four_layers_of_the_network(run):
    result = run("clone", "--group", "c4", "--canvas", "16")
    assert result.exit_code == 0
    names = sorted(path.name for path in pathlib.Path("exported").iterdir())
    assert names == [
        "c4-group-14x14-k3",
        "c4-group-4x4-k3",
        "c4-group-6x6-k3",
        "c4-lifting-16x16-k3",
    ]
    for artifact in sc.artifacts.list_artifacts():
        assert artifact.record["nmse"] < 1e-6
        assert artifact.record["equivariance_error"] < 2e-3
    for column in ("Layer", "Blocks", "NMSE", "Equivariance error", "Seconds"):
        assert column in result.stdout
    assert "exported/c4-group-4x4-k3/1" in result.stdout
    assert "symclone-tf evaluate exported/" in result.stdout.splitlines()[-1]


@pytest.mark.slow
def test_options_reach_the_clone(run):
    result = run(
        *("clone", "--group", "c4", "--layer", "group", "--image-size", 6),
        *("--kernel-size", 1, "--padding", "same", "--blocks", 2),
        *("--hidden-units", "8,4", "--steps", 3, "--images-per-step", 5),
        *("--kernels-per-step", 6, "--learning-rate", 0.25, "--seed", 7),
        *("--jit", "--solver", "sgd", "--output", "out"),
    )
    assert result.exit_code == 0
    path = pathlib.Path("out/c4-group-6x6-k1-same-b2-h8x4/1")
    record = json.loads((path / "assets.extra/clone.json").read_text())
    assert record["teacher"]["config"] == {
        "group": "c4",
        "lifting": False,
        "image_size": 6,
        "kernel_size": 1,
        "padding": "same",
        "strides": 1,
        "dilation_rate": 1,
    }
    student = record["student"]["config"]
    assert (student["blocks"], student["hidden_units"]) == (2, [8, 4])
    expected = {
        "steps": 3,
        "images_per_step": 5,
        "kernels_per_step": 6,
        "learning_rate": 0.25,
        "seed": 7,
        "jit": True,
    }
    assert {name: record[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("flip", "flip-lifting-8x8-k3"),
        ("c5", "c5-lifting-8x8-k3"),
        later("c12", "c12-lifting-8x8-k5"),
    ],
)
def test_all_groups_are_cloned_with_kernels_that_tell_rotations_apart(run, group, name):
    options = ("--image-size", 8, "--solver", "closed-form")
    assert run("clone", "--group", group, *options).exit_code == 0
    (artifact,) = sc.artifacts.list_artifacts()
    assert artifact.name == name
    assert artifact.record["nmse"] < 1e-10
    own = artifact.record["teacher_equivariance_error"]
    assert (own is None) == (group == "flip")


@pytest.mark.parametrize(
    ("group", "size", "names"),
    [("c8", 8, ("7", "9")), later("d3", 8, ("7", "9")), later("flip", 8, ("7", "9"))],
)
def test_strides_that_a_group_does_not_keep_are_refused_with_sizes_that_work(
    refused, group, size, names
):
    options = ("--image-size", size, "--strides", 2)
    message = refused("clone", "--group", group, *options)
    assert f"may be {' or '.join(names)} with --strides 2" in message


def test_group_names_are_completed():
    context = click.Context(main)
    found = options.GROUP.shell_complete(context, None, "c1")
    assert [item.value for item in found] == ["c12", "c16"]


@pytest.mark.slow
def test_strided_layers_are_cloned(run):
    options = ("--image-size", 9, "--layer", "group", "--strides", 2)
    assert run("clone", "--group", "c4", *options).exit_code == 0
    (artifact,) = sc.artifacts.list_artifacts()
    assert artifact.name == "c4-group-9x9-k3-s2"
    assert artifact.record["nmse"] < 1e-10


@pytest.mark.slow
def test_rectangles_are_cloned(run):
    sizes = ("--image-size", "6x9", "--kernel-size", "2x3", "--strides", "1x2")
    assert run("clone", "--group", "t2", *sizes).exit_code == 0
    (artifact,) = sc.artifacts.list_artifacts()
    assert artifact.name == "t2-6x9-k2x3-s1x2"
    assert artifact.record["nmse"] < 1e-12


@pytest.mark.slow
def test_local_students_are_one_word_away(run):
    result = run("clone", "--group", "c4", "--image-size", 8, "--student", "local")
    assert result.exit_code == 0
    assert "exported/c4-lifting-8x8-k3-local/1" in result.stdout
    (artifact,) = sc.artifacts.list_artifacts()
    assert artifact.record["student"]["name"] == "local"
    assert artifact.record["nmse"] < 1e-12
    again = run("evaluate", artifact.path.parent)
    assert again.exit_code == 0
    assert "c4-lifting-8x8-k3-local" in again.stdout


@pytest.mark.slow
def test_regional_students_are_cloned(run):
    options = ("--image-size", 8, "--student", "regional", "--regions", "2x3")
    result = run("clone", "--group", "c4", *options)
    assert result.exit_code == 0
    assert "exported/c4-lifting-8x8-k3-regional-r2x3/1" in result.stdout
    (artifact,) = sc.artifacts.list_artifacts()
    assert artifact.record["student"]["name"] == "regional"
    assert artifact.record["nmse"] < 1e-12
    assert sc.load(artifact.path).regions == (2, 3)


@pytest.mark.slow
def test_regions_of_a_network_are_at_most_its_layers_outputs(run):
    options = ("--canvas", 16, "--solver", "closed-form", "--student", "regional")
    assert run("clone", "--group", "c4", *options, "--regions", 3).exit_code == 0
    names = {artifact.name for artifact in sc.artifacts.list_artifacts()}
    assert names == {
        "c4-lifting-16x16-k3-regional-r3x3",
        "c4-group-14x14-k3-regional-r3x3",
        "c4-group-6x6-k3-regional-r3x3",
        "c4-group-4x4-k3-regional-r2x2",
    }


def test_closed_form_says_what_variance_its_blocks_keep(run):
    options = ["--image-size", 6, "--blocks", 6, "--solver", "closed-form"]
    result = run("clone", "--group", "c4", *options)
    assert result.exit_code == 0
    assert "Variance kept" in result.stdout
    assert "66.67%" in result.stdout
    (artifact,) = sc.artifacts.list_artifacts()
    assert artifact.record["solver"] == "closed-form"
    assert abs(artifact.record["kept_variance"] - 2 / 3) < 1e-6


def test_one_layer_lifts_by_default(run):
    assert run("clone", "--group", "c2", "--image-size", 5).exit_code == 0
    assert pathlib.Path("exported/c2-lifting-5x5-k3/1").is_dir()


@pytest.mark.slow
def test_second_clone_is_a_second_version(run):
    for _ in range(2):
        assert run("clone", "--group", "t2", "--image-size", 4).exit_code == 0
    assert {p.name for p in pathlib.Path("exported/t2-4x4-k3").iterdir()} == {"1", "2"}


@pytest.mark.parametrize(
    ("arguments", "given", "accepted"),
    [
        (["--group", "c65"], "'c65'", "t2, flip, cN or dN, as c4 and d8, with N from"),
        (["--group", "C4"], "'C4'", "t2, flip, cN or dN"),
        (["--group", "d16", "--kernel-size", "3"], "--kernel-size 3", "kernels of 5"),
        (["--group", "c8", "--image-size", "9x8"], "--image-size", "flip, c2 and d2"),
        (["--kernel-size", "4", "--padding", "same"], "--kernel-size 4", "must be odd"),
        (["--image-size", "2"], "--image-size 2", "must not exceed --image-size"),
        (["--kernel-size", "9", "--image-size", "8"], "--kernel-size 9", "exceed"),
        (["--blocks", "0"], "0 is not", "'--blocks'"),
        (["--steps", "-1"], "-1 is not", "'--steps'"),
        (["--images-per-step", "0"], "0 is not", "'--images-per-step'"),
        (["--kernels-per-step", "-2"], "-2 is not", "'--kernels-per-step'"),
        (["--image-size", "512"], "512×512", "2.45 TB"),
        (["--image-size", "-5"], "-5 is not", "'--image-size'"),
        (["--learning-rate", "nan"], "nan", "--learning-rate must be a positive"),
        (["--learning-rate", "inf"], "inf", "--learning-rate must be a positive"),
        (["--learning-rate", "-1"], "-1", "'--learning-rate'"),
        (["--hidden-units", "64,x"], "'64,x'", "like 64 or 64,64"),
        (["--hidden-units", "0"], "'0'", "like 64 or 64,64"),
        (["--seed", "-1"], "-1 is not", "'--seed'"),
        (["--max-nmse", "0"], "0", "'--max-nmse'"),
        (["--canvas", "11"], "--canvas 11", "too small"),
        (["--layer", "group"], "--layer", "needs --image-size"),
        (["--canvas", "28", "--image-size", "9"], "--canvas", "one of them"),
        (["--padding", "full"], "'full'", "'valid', 'same'"),
        (["--solver", "magic"], "'magic'", "'sgd', 'closed-form'"),
        (["--solver", "closed-form", "--steps", "5"], "--steps 5", "--solver sgd"),
        (["--solver", "closed-form", "--jit"], "--jit", "--solver sgd"),
        (
            ["--solver", "closed-form", "--hidden-units", "4"],
            "--hidden-units [4]",
            "linear blocks",
        ),
        (["--student", "thin"], "'thin'", "'dense', 'local'"),
        (["--strides", "2"], "--strides", "need --image-size"),
        (["--strides", "1x2"], "--strides", "need --image-size"),
        (["--image-size", "8x9"], "--image-size (8, 9)", "must be the same along"),
        (["--image-size", "8x"], "'8x'", "like 28 nor 28x20"),
        (["--image-size", "8x9x7"], "'8x9x7'", "like 28 nor 28x20"),
        (["--kernel-size", "2x3"], "--kernel-size (2, 3)", "positive integer"),
        (["--image-size", "8", "--strides", "2"], "--strides 2", "may be 7 or 9"),
        (
            ["--image-size", "9", "--dilation-rate", "0"],
            "0 is not",
            "'--dilation-rate'",
        ),
        (
            ["--student", "local", "--hidden-units", "4"],
            "--hidden-units (4,)",
            "is not for --student local",
        ),
        (["--regions", "2"], "--regions 2", "is not for --student dense"),
        (["--student", "local", "--regions", "2x2"], "(2, 2)", "--student local"),
        (["--student", "attention", "--regions", "2"], "--regions 2", "attention"),
        (["--student", "regional", "--regions", "0"], "0 is not", "'--regions'"),
        (["--student", "regional", "--regions", "2x"], "'2x'", "numbers like 4 nor"),
        (
            ["--student", "regional", "--regions", "9", "--image-size", "8"],
            "--regions 9",
            "must not exceed the 6×6 positions",
        ),
        (["--strategy", "cloud"], "'cloud'", "'mirrored', 'multi-worker'"),
        (["--strategy", "multi-worker"], "TF_CONFIG=", '"cluster"'),
    ],
)
def test_bad_input_is_refused_in_one_line(refused, arguments, given, accepted):
    message = refused("clone", "--group", "c4", *arguments)
    assert given in message
    assert accepted in message


def test_group_is_required(refused):
    assert "'--group'" in refused("clone")


def test_output_that_is_a_file_is_refused(refused, tmp_path):
    (tmp_path / "file").touch()
    assert "'file'" in refused("clone", "--group", "t2", "--output", "file")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--learning-rate", "50"], "Lower --learning-rate"),
        (["--blocks", "5", "--max-nmse", "1e-3"], "--max-nmse accepts at most 1.0e-03"),
    ],
)
def test_failed_cloning_writes_nothing(run, tmp_path, arguments, message):
    result = run("clone", "--group", "c4", "--image-size", "6", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
