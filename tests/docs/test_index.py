"""The first page is gone through as a reader does, on the folder that it names."""

import contextlib
import dataclasses
import io
import json
import pathlib
import re
import shlex
import shutil

import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main
from symclone_tf.probe.plans import Speed
from tools import galaxies

from pages import ROOT, blocks, commands, doc, flowing, table, text_of

PAGE = doc("index")
GALAXIES = ROOT / "examples" / "galaxies"
MODEL = "c4-galaxies-invariance-gcnn"


@dataclasses.dataclass
class Way:
    """What the page's blocks have made.

    Attributes:
        folder: Path, in which they ran.
        outputs: Dictionary from names of commands to what they printed.
        printed: List of pairs: what a block of Python printed, and what the page says.
        names: Dictionary, those of the page's Python.
    """

    folder: pathlib.Path
    outputs: dict[str, str] = dataclasses.field(default_factory=dict)
    printed: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    names: dict = dataclasses.field(default_factory=dict)

    @property
    def version(self):
        return self.folder / "trained" / MODEL / "1"

    def run(self, words):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        self.outputs[words[0]] = result.stdout

    def execute(self, block, said):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block, str(PAGE), "exec"), self.names)
        self.printed.append((out.getvalue(), said))


def lines(block):
    """The commands of a block, as a shell splits them."""
    return [shlex.split(line) for line in block.replace("\\\n", "").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """That of a reader, who has a copy of the galaxies."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(GALAXIES, folder / "examples" / "galaxies")
    return folder


@pytest.fixture(scope="module")
def probed(folder):
    """What the page's probe printed: nothing that comes after depends on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # What fits into its minutes must not depend on what else the machine does.
        speed = Speed(2.0, 0.2)
        patch.setattr(Speed, "of", classmethod(lambda cls, *arguments: speed))
        way = Way(folder)
        way.run(lines(blocks(PAGE, "sh")[0])[0][1:])
    return way.outputs["probe"]


@pytest.fixture(scope="module")
def way(folder):
    """All blocks behind the probe, in the page's order; no server is there for curl."""
    keras.config.disable_interactive_logging()
    way = Way(folder)
    pattern = r"```(sh|python)\n(.*?)```(?:\n\n```text\n(.*?)```)?"
    _, *rest = re.findall(pattern, text_of(PAGE), re.DOTALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for language, block, said in rest:
            if language == "python":
                way.execute(block, said)
                continue
            for program, *words in lines(block):
                assert program in ("symclone-tf", "curl")
                if program == "symclone-tf":
                    way.run(words)
    return way


def test_galaxies_are_those_that_the_script_draws():
    drawn = galaxies.galaxies()
    assert list(drawn) == sorted(path.name for path in GALAXIES.iterdir())
    for name, images in drawn.items():
        files = sorted((GALAXIES / name).iterdir())
        assert len(files) == len(images)
        for file, image in zip(files, images):
            # A processor that rounds otherwise may choose the next level of gray.
            found = np.asarray(PIL.Image.open(file), int)
            assert (found != image).mean() < 0.01, file


def test_galaxies_are_as_many_and_as_large_as_the_page_says():
    files = list(GALAXIES.glob("*/*.png"))
    assert {np.asarray(PIL.Image.open(file)).shape for file in files} == {(32, 32)}
    assert f"{len(files)} galaxies of 32×32 pixels" in flowing(PAGE)
    assert sum(file.stat().st_size for file in files) < 150_000


def test_arms_wind_as_the_names_of_their_folders_say():
    """The angle of what is brightest, from a ring to the next, in galaxies as drawn."""
    rows, columns = np.mgrid[:32, :32] - 15.5
    far, angle = np.hypot(rows, columns), np.arctan2(-rows, columns)
    senses = {"anticlockwise": 1, "clockwise": -1}
    for name, sense in senses.items():
        for file in (GALAXIES / name).iterdir():
            image = np.asarray(PIL.Image.open(file), float)
            inner, outer = (
                np.sum((image * np.exp(2j * angle))[np.abs(far - ring) < 1.2])
                for ring in (4, 7)
            )
            assert np.sign(np.angle(outer / inner)) == sense, file


def test_the_script_writes_the_folder_and_the_picture(tmp_path, monkeypatch):
    given = ["--output", tmp_path / "a", "--picture", tmp_path / "b.png"]
    monkeypatch.setattr("sys.argv", ["galaxies", *map(str, given)])
    galaxies.main()
    assert len(list((tmp_path / "a").glob("*/*.png"))) == 180
    shown = np.asarray(PIL.Image.open(doc("index").with_name("galaxies.png")), int)
    made = np.asarray(PIL.Image.open(tmp_path / "b.png"), int)
    assert (shown != made).mean() < 0.01


def test_every_command_of_the_way_is_on_the_page():
    named = [written.name for written in commands(PAGE) if written.block]
    assert named == ["probe", "train", "figures", "report", "explore", "serving-config"]


@pytest.mark.slow
def test_the_probe_has_a_verdict_for_each_symmetry(probed, folder):
    for title in ("Flip", "C4"):
        assert re.search(rf"^Cannot tell for {title}: ", probed, re.MULTILINE)
    assert "keras.Sequential(" in probed
    assert (folder / "probe" / "probe.html").is_file()


@pytest.mark.slow
def test_networks_that_assume_reflections_cannot_tell_the_senses_apart(probed, folder):
    runs = json.loads((folder / "probe" / "probe.json").read_text("utf-8"))["runs"]
    most = max(run["train_size"] for run in runs)
    means = {}
    for group in ("t2", "flip", "c4"):
        wanted = (group, "assumed", most)
        found = [
            run["accuracy"]
            for run in runs
            if (run["group"], run["kind"], run["train_size"]) == wanted
        ]
        assert len(found) == 2
        means[group] = np.mean(found)
    # The third that is elliptical is known; of the others the sense is guessed.
    assert means["flip"] < 0.8
    assert means["t2"] > 0.9
    assert means["c4"] > 0.9


@pytest.mark.slow
def test_the_network_has_learned_and_train_says_what_the_page_does(way):
    said = way.outputs["train"]
    for words in ("Accuracy", "Largest class", "Equivariance errors"):
        assert words in said
    assert "Images whose class changes under C4: " in said
    metrics = json.loads((way.version / "assets.extra/metrics.json").read_text("utf-8"))
    assert metrics["accuracy"] > 0.8 > 2 * metrics["largest_class"]
    assert metrics["class_names"] == sorted(galaxies.CLASSES)
    opened = sc.data.open_images(GALAXIES)
    assert opened.counts == {"train": 144, "test": 36}  # four fifths, and the others


@pytest.mark.slow
def test_figures_and_pages_are_of_a_network_that_preserves_c4(way):
    assert re.search(r"All \d+ measured layers preserve C4\.", way.outputs["figures"])
    made = {file.name for file in (way.folder / "figures").iterdir()}
    assert f"{MODEL}-c4-layer-maps.svg" in made
    for name in ("report", "explore"):
        page = (way.folder / f"{name}.html").read_text("utf-8")
        assert MODEL in page
        assert "rotated by 90°" in page


@pytest.mark.slow
def test_the_files_of_the_table_are_there(way):
    title = f"in `trained/{MODEL}/1/`"
    named = [
        name for row in table(PAGE, title) for name in re.findall("`(.*?)`", row[0])
    ]
    assert len(named) == 4
    for name in named:
        assert (way.version / name).exists(), name


@pytest.mark.slow
def test_python_prints_what_the_page_says(way):
    assert [out for out, _ in way.printed] == [said for _, said in way.printed]
    assert len(way.printed) == len(blocks(PAGE, "python")) == 3


@pytest.mark.slow
def test_a_server_is_configured_for_the_model_of_the_request(way):
    assert (way.folder / "trained" / "models.config").is_file()
    said = way.outputs["serving-config"]
    assert "docker run " in said
    words = [words for block in blocks(PAGE, "sh") for words in lines(block)]
    (address,) = [each[-1] for each in words if each[0] == "curl"]
    assert f" {address}\n" in said


@pytest.mark.slow
def test_the_request_of_the_page_is_answered_as_it_says(way):
    """By the signature that TensorFlow Serving calls."""
    (instance,) = json.loads((way.folder / "galaxy.json").read_text())["instances"]
    loaded = tf.saved_model.load(str(way.version))
    image = tf.constant([instance["image"]], tf.float32)
    answer = loaded.signatures["serving_default"](image=image)
    said = re.search(r'`\{"predictions": \[(\{.*?\})\]\}`', flowing(PAGE))[1]
    expected = json.loads(said.replace("[...]", "[]"))
    assert set(answer) == set(expected)
    assert answer["label"].numpy()[0].decode() == expected["label"]


@pytest.mark.slow
def test_served_labels_are_those_of_the_network_for_every_galaxy(way):
    model, served = way.names["model"], way.names["served"]
    names = sorted(galaxies.CLASSES)
    images = [image for each in galaxies.galaxies().values() for image in each]
    inputs = np.stack(images)[..., None].astype("float32") / 255
    labels = [name.decode() for name in served(inputs)["label"].numpy()]
    expected = model.predict(inputs, verbose=0).argmax(axis=1)
    assert labels == [names[n] for n in expected]
    assert len(set(labels)) == 3
