"""The README's Python runs, in the order in which it stands there."""

import pathlib
import re

import numpy as np

import symclone_tf as sc
from symclone_tf.cli.main import main

README = pathlib.Path(__file__).parent.parent / "README.md"


def execute(file):
    """Runs all Python in a page as one program; returns its names."""
    blocks = re.findall(r"```python\n(.*?)```", file.read_text("utf-8"), re.DOTALL)
    assert blocks
    names = {}
    for block in blocks:
        exec(compile(block, str(file), "exec"), names)
    return names


def test_python_runs_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = execute(README)
    assert names["features"].shape == (8, 26, 26, 4, 10)
    np.testing.assert_allclose(names["features"], names["answers"], atol=1e-3)
    assert names["error"] < 1e-5
    assert names["outputs"].shape == (8, 26, 26, 4)
    assert (names["fixed"] / "saved_model.pb").is_file()
    assert pathlib.Path("model.keras").is_file()


def test_python_of_the_gallery_runs_as_written(monkeypatch):
    monkeypatch.chdir(README.parent)
    names = execute(README.parent / "exported" / "README.md")
    assert names["model"].output_shape == (None, 10)
    assert names["features"].shape == (7, 6, 6)


def test_commands_are_all_there_are():
    spans = r"(?:`|bin/)symclone-tf ([a-z-]+)"
    named = set(re.findall(spans, README.read_text("utf-8")))
    assert named == set(main.commands)


def test_results_are_those_measured():
    text = README.read_text("utf-8")
    rows = sc.read_benchmark(README.parent / "benchmarks/results/mnist/c4.csv")
    found = {(r["Task"], r["Network"]): r for r in sc.summarize(rows)}
    names = {
        "`mlp`": "mlp",
        "`cnn`": "cnn",
        "`gcnn`": "gcnn",
        "clones, frozen": "cloned, 9 blocks, frozen",
        "clones, trainable": "cloned, 9 blocks, trainable",
    }
    for title, name in names.items():
        keep, leave = found["invariance", name], found["breaking", name]
        assert keep["Seeds"] == leave["Seeds"] == "3"
        cells = (keep["Accuracy"], keep["Unmoved"], leave["Accuracy"])
        assert f"| {title} | {' | '.join(cells)} | " in text
