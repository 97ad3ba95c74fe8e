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


NETWORKS = {
    "`mlp`": "mlp",
    "`cnn`": "cnn",
    "`gcnn`": "gcnn",
    "clones, frozen": "cloned, 9 blocks, frozen",
    "clones, trainable": "cloned, 9 blocks, trainable",
    "clones, anchored, 100": "cloned, 9 blocks, anchored (kl 100)",
    "clones, anchored, 1,000": "cloned, 9 blocks, anchored (kl 1000)",
    "clones, anchored, 10,000": "cloned, 9 blocks, anchored (kl 10000)",
    "8 blocks, frozen": "cloned, 8 blocks, frozen",
    "7 blocks, frozen": "cloned, 7 blocks, frozen",
}
CONVOLUTIONS = ("conv_1_after", "conv_2_after", "conv_3_after", "conv_4_after")


def result_lines(group):
    """The README's table, as it follows from the benchmark's."""
    file = README.parent / "benchmarks" / "results" / "mnist" / f"{group}.csv"
    rows = sc.read_benchmark(file)
    found = {(r["Task"], r["Network"]): r for r in sc.summarize(rows)}
    for title, name in NETWORKS.items():
        keep, leave = found["invariance", name], found["breaking", name]
        assert keep["Seeds"] == leave["Seeds"]
        cells = (title, keep["Parameters"], keep["Accuracy"], keep["Unmoved"])
        runs = [r for r in rows if r.experiment.network == name]
        errors = broken(runs)
        yield f"| {' | '.join((*cells, leave['Accuracy'], errors))} |"


def broken(rows):
    """Each convolution's equivariance error after breaking, mean over seeds."""
    figures = [r.figures for r in rows if r.experiment.task == "breaking"]
    if figures[0]["conv_1_after"] is None:
        return "–"
    means = [np.mean([f[name] for f in figures]) for name in CONVOLUTIONS]
    return ", ".join(f"{m:.2f}" if m >= 0.01 else f"{m:.0e}" for m in means)


def test_results_are_those_measured():
    text = README.read_text("utf-8")
    for line in result_lines("c4"):
        assert f"\n{line}\n" in text
    rows = sc.read_benchmark(README.parent / "benchmarks/results/mnist/c4.csv")
    main = [
        row for row in rows if row.experiment.network in list(NETWORKS.values())[:5]
    ]
    assert len(main) == 2 * 5 * 3


def test_anchors_hold_the_symmetry_as_the_readme_says():
    rows = sc.read_benchmark(README.parent / "benchmarks/results/mnist/c4.csv")
    means = []
    for name in list(NETWORKS.values())[4:8]:
        runs = [r for r in rows if r.experiment.network == name]
        figures = [r.figures for r in runs if r.experiment.task == "breaking"]
        means.append(np.mean([f[c] for f in figures for c in CONVOLUTIONS]))
    assert means == sorted(means, reverse=True)
    said = [f"{mean:.2f}" for mean in means]
    text = " ".join(README.read_text("utf-8").split())
    assert f"{said[0]} without, and {said[1]}, {said[2]} and {said[3]} with" in text
