"""Every block of Python runs, and every name is one of the package."""

import contextlib
import io
import pathlib
import re
import warnings

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main

from pages import (
    GALLERY,
    PAGES,
    README,
    ROOT,
    blocks,
    commands,
    doc,
    every_page,
    printing,
    text_of,
)

pytestmark = pytest.mark.slow

PAGES_RUN = (
    "cloning",
    "students",
    "attention",
    "any-angle",
    "any-group",
    "any-teacher",
    "relax",
    "symmetrize",
    "artifacts",
    "serving",
)


@pytest.fixture
def registered():
    """Teachers and students that a page registers are forgotten after it."""
    kinds = (sc.teachers.TEACHERS, sc.students.STUDENTS)
    before = [dict(kind) for kind in kinds]
    yield
    for kind, known in zip(kinds, before):
        kind.clear()
        kind.update(known)


def execute(page) -> dict:
    """Runs all Python in a page as one program; returns its names."""
    names = {"__name__": "page"}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), names)
    return names


def printed(page) -> list[tuple[str, str]]:
    """What each block of Python prints, and what the page says that it does.

    Without Keras' own messages, whatever ran before.
    """
    keras.config.disable_interactive_logging()
    found, names = [], {"__name__": "page"}
    pattern = r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?"
    for block, said in re.findall(pattern, text_of(page), re.DOTALL):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block, str(page), "exec"), names)
        found.append((out.getvalue(), said))
    return found


# Networks that learn for some seconds each.
SLOW = [
    doc(name)
    for name in ("start/five-minutes", "learn/by-eye", "how-to/break", "how-to/stack")
]


@every_page(printing(), SLOW)
def test_pages_print_what_they_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = printed(page)
    assert [out for out, _ in found] == [said for _, said in found]
    assert any(out for out, _ in found)


def test_python_of_the_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = execute(README)
    assert names["features"].shape == (8, 26, 26, 4, 10)
    np.testing.assert_allclose(names["features"], names["expected"], atol=1e-3)
    assert names["path"] == pathlib.Path("exported/c4-lifting-28x28-k3/1")
    frozen, trainable = names["errors"].history.values()
    assert max(frozen) < 1e-5
    assert trainable[0] < 1e-5 < trainable[1]
    assert names["outputs"].shape == (8, 26, 26, 4)


def test_python_of_students(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("students"))
    assert names["report"].nmse < 1e-3
    assert names["features"].shape == (4, 4, 4, 8)
    assert names["path"] == pathlib.Path("exported/t2-6x6-k3-attention/1")


def test_python_of_attention(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = printed(doc("attention"))
    assert [out for out, _ in found] == [said for _, said in found]


def test_python_of_cloning(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("cloning"))
    assert capsys.readouterr().out.startswith("C4 lifting 10×10 9\n")
    assert names["features"].shape == (8, 8, 8, 4, 5)
    np.testing.assert_allclose(names["features"], names["outputs"], atol=1e-3)
    assert names["error"] < 1e-10
    recipe = names["recipe"]
    assert (recipe.images_per_step, recipe.kernels_per_step) == (50, 9)
    assert names["history"].history["nmse"][-1] < 1e-6
    assert names["share"] == pytest.approx(6 / 9, rel=1e-4)
    assert names["broken"] < 1e-5
    np.testing.assert_allclose(
        names["cloned"](names["images"]), names["expected"], atol=1e-4
    )
    assert len(names["errors"].history) == 2
    assert pathlib.Path("feature-maps.png").is_file()


def test_python_of_any_angle(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    execute(doc("any-angle"))
    said = "".join(blocks(doc("any-angle"), "text"))
    assert capsys.readouterr().out == said == "17 True\nTrue\n"


def test_python_of_any_group(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("any-group"))
    assert "\n7\n" in capsys.readouterr().out
    assert names["path"] == pathlib.Path("exported/necklace-12/1")
    assert names["report"].nmse < 1e-10
    expected = names["teacher"](names["signals"], names["kernel"])
    np.testing.assert_allclose(names["outputs"], expected, atol=1e-4)
    exact, cloned = names["errors"].history.values()
    assert max(exact) < 1e-5
    assert cloned[0] < 1e-5
    assert names["whole"] < 1


def test_python_of_any_teacher(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sc.teachers.function_teacher, "FUNCTIONS", {})
    names = execute(doc("any-teacher"))
    printed = capsys.readouterr().out
    assert printed.startswith("True 3\nclosed-form ")
    assert "(3, 3) (17, 17)" in printed
    assert "('kernel',)\nA student with linear blocks cannot copy attention," in printed
    assert names["features"].shape == (2, 6, 8)
    assert names["path"] == pathlib.Path("exported/petal/1")
    relaxed = names["relaxed"]
    assert {type(layer).__name__ for layer in relaxed.layers[:2]} == {"Cloned"}


def test_python_of_relaxing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("relax"))
    report, relaxed = names["report"], names["relaxed"]
    assert report.difference < 1e-5
    assert [layer.name for layer in report.layers] == ["edges", "parts"]
    first, *_, last = names["errors"].history["parts"]
    assert first < 1e-5 < last
    assert {form.form for form in names["plain"].layers.values()} <= {
        "convolution",
        "regions",
        "factored",
        "dense",
    }
    images = np.array(names["images"])
    np.testing.assert_allclose(names["plain"].model(images), relaxed(images), atol=1e-4)
    assert pathlib.Path("plain.keras").is_file()


def test_python_of_artifacts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("artifacts"))
    assert pathlib.Path("model.keras").is_file()
    assert names["outputs"].shape == (8, 8, 8, 4)
    assert (names["fixed"] / "saved_model.pb").is_file()
    assert names["fused"].form == "regions"
    assert names["path"].parts[-2] == "t2-16x16-k3-regional-r4x4-c3-f8"


def test_python_of_serving(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    execute(doc("serving"))
    assert capsys.readouterr().out.startswith("curl ")
    assert pathlib.Path("exported/models.config").is_file()


@pytest.mark.slow
def test_python_and_commands_of_own_images(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("your-images"))
    assert names["path"] == pathlib.Path("trained/t2-shapes-breaking-gcnn/1")
    assert names["images"].counts == {"train": 72, "test": 18}
    assert names["batch"].shape == (32, 20, 20, 3)
    text = text_of(doc("your-images"))
    slides, split = names["slides"], str({"train": 32, "test": 8})
    assert f"print(slides.dtype, slides.counts)  # {slides.dtype} {split}" in text
    assert f"print(*slides.notes)  # {slides.notes[0]}" in text
    assert capsys.readouterr().out.count(split) == text.count(split) == 3
    assert (
        names["outputs"]["label"].numpy()[0].decode() in names["metrics"]["class_names"]
    )
    for written in commands(doc("your-images")):
        if not written.block or written.name != "train":
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("default", sc.errors.DataWarning)
            result = CliRunner().invoke(main, written.arguments)
        assert result.exit_code == 0, result.output
    made = sorted(path.name for path in pathlib.Path("trained").iterdir())
    last = "anchored-local-transformed-inputs-0.2-encoder"
    assert made[:3] == [
        "c4-microscope-invariance-cnn",
        f"c4-shapes-breaking-cloned-frozen3-{last}",
        "c4-shapes-invariance-gcnn",
    ]


def test_python_and_commands_of_segmentation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = execute(doc("segmentation"))
    printed = capsys.readouterr().out.splitlines()[0]
    assert f"print(images.class_names, images.counts)  # {printed}\n" in text_of(
        doc("segmentation")
    )
    found = names["metrics"]
    assert found["transformed_mean_iou"] == pytest.approx(found["mean_iou"])
    for written in commands(doc("segmentation")):
        if written.block:
            result = CliRunner().invoke(main, written.arguments)
            assert result.exit_code == 0, result.output
            assert "Intersection over union" in result.output
    made = sorted(path.name for path in pathlib.Path("trained").iterdir())
    assert made == [
        "d4-cells-segmentation-gcnn",
        "flip-cells-segmentation-cnn-flip-rotation",
    ]


def test_python_of_the_gallery(monkeypatch):
    monkeypatch.chdir(ROOT)
    names = execute(GALLERY)
    assert names["model"].output_shape == (None, 10)
    assert names["features"].shape == (7, 6, 6)


def test_python_of_contributing(tmp_path, monkeypatch, registered):
    monkeypatch.chdir(tmp_path)
    names = execute(ROOT / "CONTRIBUTING.md")
    assert names["path"] == pathlib.Path("exported/reflection-12-symmetric/1")
    assert names["result"].exit_code == 0


def test_no_page_has_python_that_is_not_run():
    run = [README, GALLERY, *map(doc, PAGES_RUN), *printing()]
    # The index by test_index.py.
    run += map(doc, ("your-images", "segmentation", "index"))
    run.append(ROOT / "CONTRIBUTING.md")
    assert {page for page in PAGES if blocks(page, "python")} == set(run)


@every_page([page for page in PAGES if page.name != "CHANGELOG.md"])
def test_names_are_those_of_the_package(page):
    for name in re.findall(r"\bsc\.(\w+(?:\.\w+)*)", text_of(page)):
        value = sc
        for part in name.split("."):
            value = getattr(value, part)


def rows_of_changes(title) -> list[tuple[str, str]]:
    """Old and new names, in the tables of a section of the changes."""
    section = text_of(ROOT / "CHANGELOG.md").partition(f"### {title}\n")[2]
    section = section.partition("\n## ")[0]
    return re.findall(r"^\| (`.*) \| (.*) \|$", section, re.MULTILINE)


def public(text) -> list[str]:
    """The names of the package in a cell of a table."""
    return re.findall(r"`(sc(?:\.\w+)+)", text)


def found(name):
    """What a name of the package stands for."""
    value = sc
    for part in name.split(".")[1:]:
        value = getattr(value, part)
    return value


def renamed() -> dict[str, str]:
    """Names of version 0.2, and those of today."""
    rows = [(public(old), public(new)) for old, new in rows_of_changes("Renamed")]
    assert all(len(old) == len(new) for old, new in rows)
    return {o: n for old, new in rows for o, n in zip(old, new)}


def removed() -> set[str]:
    """Names of version 0.2 that are no more."""
    section = text_of(ROOT / "CHANGELOG.md").partition("### Removed\n")[2]
    return set(public(section.partition("\n##")[0]))


def test_removed_names_are_gone():
    assert removed()
    for name in removed():
        with pytest.raises(AttributeError):
            found(name)


def test_names_are_those_that_the_changes_say():
    names = renamed()
    assert len(names) > 40
    for old, new in names.items():
        assert found(new) is not None
        with pytest.raises(AttributeError):
            found(old)


def test_names_have_moved_as_the_changes_say():
    rows, later, gone = rows_of_changes("Names that moved"), renamed(), removed()
    assert len(rows) == 64
    for old, new in rows:
        assert re.match(r"`(\w+)", old)[1] not in sc.__all__
        places = public(new)
        assert places or old.startswith("`teacher_of")
        for place in set(places) - gone:
            found(later.get(place, place))
