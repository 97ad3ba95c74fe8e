"""Probes of data whose symmetries are known: `python -m benchmarks.probes`.

Blood cells, which have any orientation; Fashion-MNIST, whose clothes are upright; and
MNIST's digits rotated by multiples of 90°, with labels that do not depend on the
rotation, and with labels that do. An interrupted probe continues when it is started
again.
"""

import argparse
import json
import os
import pathlib
import shutil
import tempfile
import types

import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from symclone_tf.probe.intervals import Interval
from symclone_tf.probe.probe_files import Kept
from symclone_tf.probe.verdicts import Verdict

EXPECTED = {
    "blood-cells": "Cells lie at any angle: assuming C4 must not cost, and gains.",
    "fashion": "Clothes are upright: assuming C4 costs.",
    "turned-digits": "Digits rotated by multiples of 90°, whose labels do not depend "
    "on it: preserve C4.",
    "breaking-digits": "The same, with another label after rotations by 180° and "
    "270°: break C4.",
}
# Smaller images, to train more networks on more images in the time.
SMALL = {"image_size": 20}
# As many as there are of each in the first 10,000 digits, and to test on.
DIGITS = {"train": 10_000, "test": 4_000}


def main():
    """Runs what has not been run, and writes the page and the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=list(EXPECTED), choices=EXPECTED)
    parser.add_argument("--groups", nargs="+", default=["c4"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path("benchmarks/results/probes")
    )
    chosen = parser.parse_args()
    output = chosen.output.resolve()
    here = pathlib.Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        # In the folder of the data, so that no path of this machine is recorded.
        os.chdir(folder)
        try:
            for name in chosen.data:
                Console(stderr=True).print(name)
                data, options = source(name)
                settings = chosen.groups, chosen.seeds, chosen.minutes, output / name
                found = sc.probe.probe(data, *settings, **options)
                write(found, name, output, chosen.minutes)
        finally:
            os.chdir(here)


def source(name):
    """The data for `sc.probe.probe`, written to the current folder if necessary.

    Args:
        name: String, a key of `EXPECTED`.

    Returns:
        Pair of a string or path, and options.
    """
    if name == "fashion":
        return "fashion_mnist", SMALL
    if name == "blood-cells":
        file = pathlib.Path(os.environ.get("SYMCLONE_TF_DATA", ""), "malaria.npz")
        if not file.is_file():
            return "malaria", SMALL
        return shutil.copy(file, "blood-cells.npz"), SMALL
    task = "breaking" if name == "breaking-digits" else "invariance"
    return rotated_digits(pathlib.Path(f"{name}.npz"), task, DIGITS), SMALL


def rotated_digits(file, task, sizes) -> pathlib.Path:
    """MNIST's digits, rotated by multiples of 90° in training and test.

    Args:
        file: `pathlib.Path`, to write.
        task: String, `"invariance"` or `"breaking"`.
        sizes: Dictionary from splits to numbers of digits.
    """
    arrays = {}
    for split, size in sizes.items():
        batches = sc.experiments.mnist_task(
            task, "c4", split, size=size, transformed=True
        )
        images, labels = zip(*batches.as_numpy_iterator())
        arrays[f"x_{split}"] = np.round(255 * np.concatenate(images)).astype("uint8")
        arrays[f"y_{split}"] = np.concatenate(labels)
    np.savez(file, **arrays)
    return file


def write(found, name, output, minutes) -> None:
    """The page and the figures of one probe, beside its `probe.json`.

    Args:
        found: `Probe`.
        name: String.
        output: `pathlib.Path`, of all probes.
        minutes: Float, the limit of time.
    """
    home = output / name
    for illustration in sc.figures.probe_figures(found):
        file = home / f"{illustration.name}.svg"
        sc.figures.save_figure(illustration.figure, file)
    (home / "probe.md").write_text(report(found, name, minutes), encoding="utf-8")


def report(found, name, minutes) -> str:
    """The Markdown page of one probe."""
    plan, images = found.plan, found.images
    about = ", ".join(f"{k} {v}" for k, v in machine().items())
    rows = sc.figures.probe_table(found)
    head = list(rows[0])
    seeds = len({run.seed for run in found.runs})
    table = [head, ["---"] * 2 + ["---:"] * (len(head) - 2)]
    table += [list(row.values()) for row in rows]
    lines = [
        f"# Probe: {name.replace('-', ' ')}",
        "",
        f"Expected: {EXPECTED[name]}",
        "",
        f"Machine: {about}. {seeds} seeds, {found.minutes:.0f} minutes, "
        f"{plan.train_size:,} of {images.counts['train']:,} images of "
        f"{images.size}×{images.size} pixels to train on, "
        f"{plan.test_size:,} to test on, at most {plan.epochs} epochs: `python -m "
        f"benchmarks.probes --data {name} --minutes {minutes:g}`.",
        "",
        *(f"| {' | '.join(cells)} |" for cells in table),
        "",
        *(f"- {verdict.sentence}" for verdict in found.verdicts),
        f"- To begin with: {found.recommendation.sentence}",
        "",
        *(f"![{i.caption}]({i.name}.svg)\n" for i in sc.figures.probe_figures(found)),
    ]
    return "\n".join(lines)


def read(file):
    """The part of a probe that its table and sentences need, from its `probe.json`.

    Args:
        file: `pathlib.Path`.

    Returns:
        Namespace with the `plan`, `runs` and `verdicts` of a `Probe`.
    """
    kept, said = Kept.read(file, {}), json.loads(file.read_text("utf-8"))
    verdicts = [
        Verdict(
            **{k: Interval(**v) if isinstance(v, dict) else v for k, v in each.items()}
        )
        for each in said["verdicts"]
    ]
    return types.SimpleNamespace(plan=kept.plan, runs=kept.runs, verdicts=verdicts)


def cells(file) -> list[str]:
    """A row for a table of several probes: what a probe found about C4.

    Args:
        file: `pathlib.Path` of a `probe.json`, in a folder of the probe's name.
    """
    found = read(file)
    (line,) = (r for r in sc.figures.probe_table(found) if r.pop("Symmetry") == "C4")
    verdict, *figures = line.values()
    name = file.parent.name.replace("-", " ")
    return [name, f"{found.plan.train_size:,}", *figures, verdict]


if __name__ == "__main__":
    main()
