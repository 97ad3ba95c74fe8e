import json
import pathlib
import re
import warnings

import numpy as np
import PIL.Image
import pytest

import symclone_tf as sc
from symclone_tf.cli.train import not_learned

from pictures import write_folder, write_npz

SMALL = ("--train-size", 64, "--test-size", 32, "--epochs", 1)


@pytest.mark.usefixtures("mnist")
def test_trains_and_says_what_it_made(run, clones):
    result = run("train", "--group", "c4", "--clones", clones, *SMALL)
    assert result.exit_code == 0
    path = pathlib.Path("trained", "c4-invariance-cloned-frozen-regional", "1")
    assert str(path) in result.stdout
    for shown in ("Accuracy", "Untransformed", "conv_1", "network", "before", "after"):
        assert shown in result.stdout
    assert "Next: symclone-tf serving-config " in result.stdout
    assert "benchmark --group c4 --student regional\n" in result.stdout
    assert "Largest class" in result.stdout
    assert "1, the best of them 1" in result.stdout
    metrics = json.loads((path / "assets.extra" / "metrics.json").read_text())
    assert f"{metrics['accuracy']:.2%}" in result.stdout
    assert metrics["options"]["symmetry"] == "frozen"
    changed = metrics["changed_classes"]
    assert changed == {"before": 0, "after": 0}
    assert "class changes under C4: 0.0% before training, 0.0% after" in result.stdout
    assert (path / "saved_model.pb").is_file()
    assert "accuracy" in result.stderr


@pytest.mark.slow
def test_a_strength_that_is_found_is_shown(run, rng, tmp_path, local_clones):
    write_npz(tmp_path / "own.npz", rng, each=100)
    options = ("--data", "own.npz", "--epochs", 1, "--clones", local_clones)
    held = ("--symmetry", "frozen,frozen,frozen,anchored", "--anchor-strength", "auto")
    result = run("train", "--group", "c4", *options, "--student", "local", *held)
    assert result.exit_code == 0, result.stderr
    table = result.stdout.partition("Strengths, by the images held out")[2]
    assert table.partition("Trained")[0].count("yes") == 1
    assert "best_accuracy" in result.stderr
    (file,) = pathlib.Path("trained").rglob("metrics.json")
    for one in json.loads(file.read_text())["strengths"]:
        assert f"{one['accuracy']:.2%}" in table


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "said"),
    [("gcnn", "Interpolation alone adds up to"), ("cnn", "adds to these errors")],
)
def test_what_interpolation_adds_is_said(run, rng, tmp_path, architecture, said):
    write_npz(tmp_path / "own.npz", rng)
    options = ("--data", "own.npz", "--epochs", 1, "--architecture", architecture)
    result = run("train", "--group", "c8", *options)
    assert result.exit_code == 0
    (line,) = [one for one in result.stdout.splitlines() if "Interpolation" in one]
    assert said in line
    (file,) = pathlib.Path("trained").rglob("metrics.json")
    metrics = json.loads(file.read_text())
    for name, error in metrics["teacher_equivariance_error"].items():
        assert error == metrics["equivariance_error"][name]["after"]


@pytest.mark.slow
def test_a_network_that_has_not_learned_is_said_to_have_not(run, rng, tmp_path):
    write_npz(tmp_path / "own.npz", rng)
    options = ("--architecture", "mlp", "--epochs", 1, "--learning-rate", 1e-9)
    result = run("train", "--group", "c4", "--data", "own.npz", *options)
    assert result.exit_code == 0
    # By chance it may classify some more images than the largest class has.
    assert re.search("network has (not )?learned", result.stdout)
    assert "another --learning-rate than 1e-09" in result.stdout
    (file,) = pathlib.Path("trained").rglob("metrics.json")
    assert json.loads(file.read_text())["learned"] is False


@pytest.mark.parametrize(
    ("accuracy", "architecture", "rate", "said", "advice"),
    [
        (0.5, "gcnn", None, "has not learned: ", "images, or --architecture cnn."),
        (0.5, "cnn", 0.1, "has not learned: ", "rate than 0.1, or more images."),
        (0.79, "cnn", None, "classifies 79.0% of them", "--epochs, or more images."),
    ],
)
def test_chance_is_said_to_be_possible(accuracy, architecture, rate, said, advice):
    options = {"learning_rate": 0.1, "architecture": architecture}
    metrics = {"accuracy": accuracy, "upright_accuracy": None, "options": options}
    line = not_learned({**metrics, "largest_class": 0.5}, rate)
    assert said in line
    assert line.endswith(advice)


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_regional_students_are_trained(run):
    options = ("--student", "regional", "--regions", "3x2", "--symmetry", "trainable")
    result = run("train", "--group", "c4", *options, *SMALL)
    assert result.exit_code == 0
    name = "c4-invariance-cloned-trainable-regional-r3x2"
    path = pathlib.Path("trained", name, "1")
    assert str(path) in result.stdout
    assert "benchmark --group c4 --student regional --regions 3x2\n" in result.stdout
    metrics = json.loads((path / "assets.extra" / "metrics.json").read_text())
    assert metrics["options"]["regions"] == [3, 2]
    assert metrics["options"]["student"] == "regional"


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_every_option_reaches_the_experiment(run):
    options = {
        "task": "breaking",
        "architecture": "cloned",
        "symmetry": "anchored",
        "student": "local",
        "blocks": 9,
        "recipe": "fixed",
        "augment": "rotation",
        "anchor": "l2-sp",
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
    positions = ("--clones", "made", "--output", "there", "--image-dtype", "uint8")
    assert run("train", "--group", "c4", *arguments, *positions).exit_code == 0
    (file,) = pathlib.Path("there").rglob("metrics.json")
    assert json.loads(file.read_text())["options"].items() >= options.items()
    made = [artifact.name for artifact in sc.artifacts.list_artifacts("made")]
    assert len(made) == 4
    assert all(name.endswith("-local") for name in made)
    (model,) = sc.serving.served_models("there")
    assert model.inputs == {"image": ((28, 28, 1), np.uint8)}


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_options_of_translations_reach_the_experiment(run):
    options = {
        "architecture": "cnn",
        "canvas": 29,
        "max_translation": 3,
        "batch_size": 8,
    }
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


@pytest.fixture
def shapes(tmp_path, rng):
    """A folder of images, a file of some, and what is wrong in many ways."""
    write_npz(tmp_path / "shapes.npz", rng)
    return write_folder(tmp_path / "my shapes", rng, channels=3)


@pytest.mark.slow
def test_own_images_are_trained_on(run, shapes):
    (shapes / "ring" / "notes.txt").write_text("mine")
    options = ("--architecture", "cnn", "--epochs", 1, "--image-size", 20)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = run("train", "--group", "t2", "--data", "my shapes", *options)
    assert result.exit_code == 0
    (note,) = (n for n in result.stderr.splitlines() if n.startswith("Note: "))
    assert note.endswith("can be read: my shapes/ring/notes.txt")
    path = pathlib.Path("trained", "t2-my-shapes-invariance-cnn", "1")
    assert str(path) in result.stdout
    assert "symclone-tf benchmark --group t2 --data 'my shapes'" in result.stdout
    metrics = json.loads((path / "assets.extra" / "metrics.json").read_text())
    assert metrics["class_names"] == ["cross", "disc", "ring"]
    found = {"data": "my shapes", "image_size": 20, "canvas": 32, "train_size": 24}
    assert metrics["options"].items() >= found.items()
    assert metrics["notes"] == [note.removeprefix("Note: ")]
    (model,) = sc.serving.served_models("trained")
    assert model.inputs == {"image": ((32, 32, 3), np.float32)}
    strict = run("train", "--group", "t2", "--data", "my shapes", "--strict")
    assert strict.exit_code == 2
    assert "notes.txt" in strict.stderr
    assert list(pathlib.Path().glob("exported")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nothing"], "nothing is not a data set of tensorflow-datasets"),
        (["--data", "no/where"], "and there is no such folder or .npz file"),
        (["--data", "no.npz"], "no.npz is not a file"),
        (["--data", ""], "--data must be a name of tensorflow-datasets, or the path"),
        (["--data", "bad.npz"], "bad.npz cannot be read"),
        (["--data", "words.npz"], "words.npz: x_train must have shape"),
        (["--data", "pickled.npz"], "objects, which are not unpickled"),
        (["--data", "one.npz"], "one.npz has one class only"),
        (["--data", "empty"], "empty has no sub-folders"),
        (["--data", "sizes"], "images of 2 sizes, as 16×16 and 20×20: give "),
        (["--data", "small"], "--image-size must be from 16 to 512 pixels"),
        (["--data", "my shapes", "--image-size", 8], "from 16 to 512 pixels"),
        (
            ["--data", "my shapes", "--train-size", 25],
            "--train-size must be at most 24",
        ),
        (["--data", "shapes.npz", "--test-size", 7], "--test-size must be at most 6"),
        (["--data", "my shapes", "--canvas", 15], "--canvas must be at least 16"),
        (["--data", "shapes.npz", "--image-size", 20, "--canvas", 16], "at least 20"),
        (["--data", "shapes.npz", "--symmetry", "frozen,frozen"], "4 separated by"),
        (["--data", "nan.npz"], "nan.npz: 1,024 pixels are not numbers, but NaN or"),
        (["--data", "rare.npz"], "rare.npz: label 1 has one image only"),
        (["--keep-together", "p"], "--keep-together is for folders of images"),
        (
            ["--data", "my shapes", "--keep-together", "("],
            "--keep-together must be a regular expression",
        ),
        (
            ["--data", "my shapes", "--keep-together", "(q)"],
            "30 files do not match --keep-together '(q)', the first of them cross/0",
        ),
    ],
)
@pytest.mark.parametrize("command", ["train", "benchmark"])
def test_bad_images_are_refused_in_one_line(
    refused, shapes, tmp_path, command, arguments, message
):
    (tmp_path / "bad.npz").write_text("bad")
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "words.npz", x_train=np.array(["a"]), y_train=np.zeros(1, int))
    images = np.zeros((4, 16, 16), "uint8")
    np.savez(tmp_path / "one.npz", x_train=images, y_train=np.zeros(4, int))
    np.savez(tmp_path / "nan.npz", x_train=images + np.nan, y_train=np.arange(4) % 2)
    np.savez(tmp_path / "rare.npz", x_train=images, y_train=[0, 0, 0, 1])
    objects = np.array([None] * 4)
    np.savez(tmp_path / "pickled.npz", x_train=images, y_train=objects)
    for name, sizes in (("sizes", (16, 20)), ("small", (10, 10))):
        for home, size in zip("ab", sizes):
            (tmp_path / name / home).mkdir(parents=True)
            for number in range(2):
                file = tmp_path / name / home / f"{number}.png"
                PIL.Image.new("L", (size, size)).save(file)
    assert message in refused(command, "--group", "c4", *arguments)


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
        (
            ["--trainable-part", "encoder"],
            "--trainable-part encoder",
            "trainable or anchored only",
        ),
        (["--anchor", "decoupled-l2-sp"], "--anchor decoupled-l2-sp", "anchored only"),
        (
            ["--architecture", "cnn", "--symmetry", "frozen"],
            "--symmetry frozen",
            "--architecture cloned only",
        ),
        (["--architecture", "cnn", "--blocks", "7"], "--blocks 7", "cloned only"),
        (["--student", "local", "--regions", "2"], "--regions 2", "regional only"),
        (["--anchor-strength", "2"], "--anchor-strength 2.0", "--symmetry anchored"),
        (["--anchor-strength", "much"], "'much'", "a positive number nor auto"),
        (
            ["--symmetry", "anchored", "--anchor-strength", "auto"],
            "--symmetry anchored",
            "as --symmetry frozen,frozen,frozen,anchored",
        ),
        (["--canvas", "20"], "--canvas 20", "--canvas must be at least 28"),
        (["--max-translation", "3"], "--max-translation 3", "--group t2"),
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
