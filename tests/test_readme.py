"""The README's Python runs, in the order in which it stands there."""

import json
import pathlib
import re

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cli.main import main
from symclone_tf.experiments.datasets import TASKS

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
    rows = measured(f"{group}.csv")
    found = {(r["Task"], r["Network"]): r for r in sc.experiments.summarize(rows)}
    for title, name in NETWORKS.items():
        keep, leave = found["invariance", name], found["breaking", name]
        assert keep["Seeds"] == leave["Seeds"]
        cells = [title, keep["Parameters"], keep["Accuracy"], keep["Unmoved"]]
        runs = [r for r in rows if r.experiment.network == name]
        cells.append(leave["Accuracy"])
        if group == "t2":
            cells.append(", ".join(noticed(runs, task) for task in TASKS))
        yield f"| {' | '.join((*cells, broken(runs)))} |"


def measured(name):
    return sc.experiments.read_benchmark(
        README.parent / "benchmarks" / "results" / "mnist" / name
    )


def noticed(rows, task):
    """How far shifts change the probabilities after a task, mean over seeds."""
    runs = [r.figures for r in rows if r.experiment.task == task]
    return f"{np.mean([f['network_after'] for f in runs]):.2f}"


def broken(rows):
    """Each convolution's equivariance error after breaking, mean over seeds."""
    figures = [r.figures for r in rows if r.experiment.task == "breaking"]
    if figures[0]["conv_1_after"] is None:
        return "–"
    means = [np.mean([f[name] for f in figures]) for name in CONVOLUTIONS]
    return ", ".join(
        f"{mean:.2f}" if mean >= 0.01 else f"{mean:.0e}" if mean else "0"
        for mean in means
    )


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_results_are_those_measured(group):
    text = README.read_text("utf-8")
    for line in result_lines(group):
        assert f"\n{line}\n" in text
    names = list(NETWORKS.values())[:5]
    main = [r for r in measured(f"{group}.csv") if r.experiment.network in names]
    assert len(main) == len(TASKS) * len(names) * 3


def test_results_on_the_published_canvas_are_those_measured():
    text = README.read_text("utf-8")
    rows = {r.experiment.network: r for r in measured("canvas-48/t2.csv")}
    for title, name in list(NETWORKS.items())[:5]:
        row = rows[name]
        assert (row.experiment.canvas, row.experiment.max_shift) == (48, 15)
        assert row.experiment.task == "breaking"
        cells = (
            title,
            f"{row.figures['parameters']:,}",
            f"{row.figures['accuracy']:.1%}",
            noticed([row], "breaking"),
            broken([row]),
        )
        assert f"\n| {' | '.join(cells)} |\n" in text


def test_shifts_leak_as_the_readme_says():
    file = README.parent / "benchmarks" / "results" / "shifts.json"
    rows = json.loads(file.read_text("utf-8"))["rows"]
    found = {(row["task"], row["canvas"]): row for row in rows}
    text = " ".join(README.read_text("utf-8").split())
    seed = [f"{found[task, 40]['accuracy']:.1%}" for task in TASKS]
    assert f"With their seed `cnn` gets {' and '.join(seed)}." in text
    keep, leave = found["invariance", 56], found["breaking", 56]
    assert f"`cnn` gets {leave['accuracy']:.1%} right on *breaking*" in text
    assert f"and {keep['accuracy']:.1%} on *invariance*" in text
    moved = found["invariance", 40]["changes"][5]["classes"]
    assert f"a shift by 6 pixels puts {moved:.0%} of the digits into another" in text
    changes = [c["probabilities"] for row in (keep, leave) for c in row["changes"]]
    steps = [changes.pop(index) for index in (9, 3)]  # by 4 pixels, after each task
    assert f"changes its probabilities by {max(steps):.1%}" in text
    assert f"other shifts by {min(changes):.0%} to {max(changes):.0%}" in text


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_anchors_hold_the_symmetry_as_the_readme_says(group):
    rows = measured(f"{group}.csv")
    means = []
    for name in list(NETWORKS.values())[4:8]:
        runs = [r for r in rows if r.experiment.network == name]
        figures = [r.figures for r in runs if r.experiment.task == "breaking"]
        means.append(np.mean([f[c] for f in figures for c in CONVOLUTIONS]))
    assert means == sorted(means, reverse=True)
    said = [f"{mean:.2f}" for mean in means]
    text = " ".join(README.read_text("utf-8").split())
    assert f"{said[0]} without, and {said[1]}, {said[2]} and {said[3]} with" in text


def test_anchored_clones_get_what_trainable_ones_get_under_shifts():
    rows = measured("t2.csv")
    free, *anchored = list(NETWORKS.values())[4:8]
    for task in TASKS:
        found = accuracies(rows, free, task)
        for name in anchored:
            (accuracy,) = accuracies(rows, name, task)
            assert accuracy == pytest.approx(np.mean(found), abs=0.02)


def test_convolutions_are_exact_and_their_networks_are_not():
    rows = measured("t2.csv")
    for name in ("cnn", "gcnn", "cloned, 9 blocks, frozen"):
        runs = [r.figures for r in rows if r.experiment.network == name]
        assert max(run[conv] for run in runs for conv in CONVOLUTIONS) < 2e-6
        accuracy = np.mean(accuracies(rows, name, "breaking"))
        assert accuracy == pytest.approx(0.8, abs=0.02)


def accuracies(rows, network, task):
    return [
        row.figures["accuracy"]
        for row in rows
        if (row.experiment.network, row.experiment.task) == (network, task)
    ]


def test_networks_take_what_the_readme_says():
    file = README.parent / "benchmarks" / "results" / "networks.json"
    groups = json.loads(file.read_text("utf-8"))["groups"]
    text = " ".join(README.read_text("utf-8").split())
    steps = {row["network"]: row for row in groups["c4"]["steps"]}
    frozen, trainable, teacher = (
        f"{1e3 * steps[name]['plain']:.0f} ms with {title}"
        for title, name in (
            ("frozen C4 clones", "cloned, 9 blocks, frozen"),
            ("trainable ones", "cloned, 9 blocks, trainable"),
            ("`GroupConv2D`", "gcnn"),
        )
    )
    assert f"{frozen}, {trainable}, and {teacher}" in text
    pipeline = groups["c4"]["pipeline"] / np.ceil(10_000 / 64)
    assert f"the input pipeline takes {1e3 * pipeline:.1f} ms" in text
    assert all(row["xla"] > row["plain"] for row in steps.values())
    shifts = {row["network"]: row for row in groups["t2"]["steps"]}
    large = shifts["cloned, 9 blocks, trainable"]
    assert large["xla"] / large["plain"] == pytest.approx(0.9, abs=0.02)
    for group in groups.values():
        assert group["agreement"]["agree"] == group["agreement"]["digits"] == 10_000
