import json
import pathlib

import numpy as np
import pytest

import symclone_tf as sc

SMALL = ("--train-size", 64, "--test-size", 32, "--epochs", 1)


@pytest.mark.usefixtures("mnist")
def test_trains_and_says_what_it_made(run, clones):
    result = run("train", "--group", "c4", "--clones", clones, *SMALL)
    assert result.exit_code == 0
    path = pathlib.Path("trained", "c4-invariance-cloned-frozen", "1")
    assert str(path) in result.stdout
    for shown in ("Accuracy", "Unmoved", "conv_1", "network", "before", "after"):
        assert shown in result.stdout
    assert "Next: symclone-tf benchmark --group c4" in result.stdout
    metrics = json.loads((path / "assets.extra" / "metrics.json").read_text())
    assert f"{metrics['accuracy']:.2%}" in result.stdout
    assert metrics["options"]["symmetry"] == "frozen"
    assert (path / "saved_model.pb").is_file()
    assert "accuracy" in result.stderr


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_every_option_reaches_the_experiment(run):
    options = {
        "task": "breaking",
        "architecture": "cloned",
        "symmetry": "anchored",
        "student": "local",
        "blocks": 9,
        "anchor": "l2",
        "anchor_strength": 2.5,
        "canvas": 28,
        "train_size": 65,
        "test_size": 33,
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 0.002,
        "dropout": 0.1,
        "seed": 5,
    }
    arguments = [
        part
        for name, value in options.items()
        for part in (f"--{name.replace('_', '-')}", value)
    ]
    places = ("--clones", "made", "--output", "there", "--image-dtype", "uint8")
    assert run("train", "--group", "c4", *arguments, *places).exit_code == 0
    (file,) = pathlib.Path("there").rglob("metrics.json")
    assert json.loads(file.read_text())["options"].items() >= options.items()
    made = [artifact.name for artifact in sc.artifacts.list_artifacts("made")]
    assert len(made) == 4
    assert all(name.endswith("-local") for name in made)
    (model,) = sc.serving.served_models("there")
    assert model.inputs == {"image": ((28, 28, 1), np.uint8)}


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_options_of_shifts_reach_the_experiment(run):
    options = {"architecture": "cnn", "canvas": 29, "max_shift": 3, "batch_size": 8}
    sizes = {"train_size": 16, "test_size": 8, "epochs": 1}
    arguments = [
        part
        for name, value in {**options, **sizes}.items()
        for part in (f"--{name.replace('_', '-')}", value)
    ]
    assert run("train", "--group", "t2", *arguments).exit_code == 0
    (file,) = pathlib.Path("trained").rglob("metrics.json")
    found = json.loads(file.read_text())["options"]
    assert found.items() >= {**options, **sizes, "task": "invariance"}.items()


@pytest.mark.parametrize(
    ("arguments", "given", "accepted"),
    [
        (["--task", "sort"], "'sort'", "'invariance', 'breaking'"),
        (["--architecture", "vgg"], "'vgg'", "'cloned'"),
        (["--symmetry", "melted"], "'melted'", "frozen, trainable, anchored"),
        (
            ["--symmetry", "frozen,anchored"],
            "--symmetry frozen,anchored",
            "or 4 separated by commas",
        ),
        (["--moves", "encoder"], "--moves encoder", "trainable or anchored only"),
        (["--anchor", "decay"], "--anchor decay", "anchored only"),
        (
            ["--architecture", "cnn", "--symmetry", "frozen"],
            "--symmetry frozen",
            "--architecture cloned only",
        ),
        (["--architecture", "cnn", "--blocks", "7"], "--blocks 7", "cloned only"),
        (["--anchor-strength", "2"], "--anchor-strength 2.0", "--symmetry anchored"),
        (["--canvas", "20"], "--canvas 20", "--canvas must be at least 28"),
        (["--max-shift", "3"], "--max-shift 3", "--group t2"),
        (["--train-size", "0"], "0 is not", "'--train-size'"),
        (["--canvas", "513"], "--canvas 513", "--canvas must be at most 512"),
        (["--epochs", str(10**18)], str(10**18), "1<=x<=1000000"),
        (["--learning-rate", "nan"], "nan", "--learning-rate must be"),
        (["--dropout", "1"], "1.0 is not", "'--dropout'"),
        (["--seed", "-1"], "-1 is not", "'--seed'"),
    ],
)
def test_bad_input_is_refused_in_one_line(refused, arguments, given, accepted):
    message = refused("train", "--group", "c4", *arguments)
    assert given in message
    assert accepted in message


def test_too_many_digits_are_refused(refused, mnist):
    assert "60000" in refused("train", "--group", "c4", "--train-size", "60001")


def test_missing_data_is_one_line(refused, monkeypatch, tmp_path):
    def refuse(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    message = refused("train", "--group", "c4", "--data-dir", tmp_path / "none")
    assert "no network" in message
    assert "--data-dir" in message
    assert "TFDS_DATA_DIR" in message
