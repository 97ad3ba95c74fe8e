"""Cloning and clones where there is a GPU: `python -m benchmarks.gpu`.

On one backend of Keras, JAX unless told, which needs no other one to be installed: the
time that cloning takes, its steps compiled by XLA with the draws inside, and that of a
training step of frozen, regional and local clones by that of the convolution, in
float32 and in TensorFloat-32, with peak memory. Each row is measured in a process of
its own. Where there is no GPU, it measures on the CPU, and the page says so.
"""

import argparse
import importlib.util
import json
import pathlib
import sys

from rich.console import Console

from benchmarks.on_backends import TITLES, run_on
from benchmarks.result_files import write_results

PRECISIONS = ("float32", "tf32")
NAMES = ("convolution", "frozen", "regional", "local")
# Group, image size, channels and filters for each element, and batch.
STEPS = (("t2", 56, 64, 64, 32), ("c4", 28, 16, 16, 64), ("c8", 28, 8, 8, 64))
# Group, whether lifting, image size and student.
CLONED = (
    ("c4", True, 28, "dense"),
    ("c4", False, 26, "local"),
    ("c8", False, 28, "regional"),
)
# To try it.
SMALL = ((("c4", 6, 1, 1, 2),), (("c4", True, 6, "local"),))


def main():
    """Measures everything, and writes the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--backend", default="jax", choices=TITLES)
    parser.add_argument("--repetitions", default=30, type=int)
    parser.add_argument("--small", action="store_true", help="tiny sizes, to try it")
    chosen = parser.parse_args()
    for package in ("keras", chosen.backend):
        if not importlib.util.find_spec(package):
            sys.exit(f"{package} is not installed, and --backend needs it.")
    sizes = SMALL if chosen.small else (STEPS, CLONED)
    results = collect(chosen.backend, chosen.repetitions, *sizes)
    write_results(chosen.output, "gpu", results, report)


def collect(backend, repetitions, steps, cloned) -> dict:
    """All measurements, one after the other, on a backend."""

    def measure(kind, *arguments):
        Console(stderr=True).print(kind, *arguments, "…")
        return run_on(backend, "benchmarks.gpu_cases", kind, json.dumps(arguments))

    rows = [
        {
            **dict(zip(("group", "size", "channels", "filters", "batch"), case)),
            "precision": precision,
            **{n: measure("step", n, precision, *case, repetitions) for n in NAMES},
        }
        for case in steps
        for precision in PRECISIONS
    ]
    clones = [measure("cloning", *case) for case in cloned]
    return {"machine": measure("about"), "cloning": clones, "steps": rows}


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Clones on a GPU",
        "",
        f"Machine: {about}.",
        "",
        "`sc.clone` with its report, in seconds: the first time in a process, when the "
        "steps are compiled, and again; peak memory of the process in MB.",
        "",
        "| layer | student | trained, first | again | NMSE | closed form, first "
        "| again | NMSE | memory |",
        "|---|---|" + "---:|" * 7,
        *(f"| {' | '.join(_cloned(row))} |" for row in results["cloning"]),
        "",
        "A training step of a network of one layer, the fastest of several: that of a "
        "`Conv2D` of as many channels in milliseconds, those of clones as ratios to "
        "it, and in brackets peak memory in MB, each in a process of its own.",
        "",
        "| layer | channels | batch | precision | `Conv2D` | "
        + " | ".join(f"{name} clone" for name in NAMES[1:])
        + " |",
        "|---|---:|---:|---|" + "---:|" * len(NAMES),
        *(f"| {' | '.join(_step(row))} |" for row in results["steps"]),
    ]
    return "\n".join([*lines, ""])


def _cloned(row) -> list[str]:
    cells = [row["layer"], row["student"]]
    for name in ("trained", "solved"):
        cells += [f"{row[f'{name}_{each}']:.2f}" for each in ("first", "again")]
        cells.append(f"{row[f'{name}_nmse']:.0e}")
    return [*cells, f"{row['memory'] / 1e6:.0f}"]


def _step(row) -> list[str]:
    plain = row["convolution"]
    cells = [f"{row['group']}, {row['size']}×{row['size']}"]
    cells += [f"{row['channels']} → {row['filters']}", str(row["batch"])]
    cells += [row["precision"]]
    cells.append(f"{1e3 * plain['seconds']:.2f} ({plain['memory'] / 1e6:.0f})")
    for name in NAMES[1:]:
        ratio = row[name]["seconds"] / plain["seconds"]
        cells.append(f"{ratio:.2f} ({row[name]['memory'] / 1e6:.0f})")
    return cells


if __name__ == "__main__":
    main()
