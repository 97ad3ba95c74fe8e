"""Published networks, relaxed whole: `python -m benchmarks.relaxing`."""

import argparse
import pathlib

from rich.console import Console

from benchmarks.cases import measure
from benchmarks.cloning import machine
from benchmarks.keeping import keep

CASES = (
    ("MobileNetV2", 96),
    ("EfficientNetB0", 96),
    ("DenseNet121", 96),
    ("ResNet50", 96),
    ("ResNet50", 224),
)


def main():
    """Measures every network, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    arguments = parser.parse_args()
    results = {"machine": machine(), "rows": collect(CASES)}
    keep(arguments.output, "relaxing", results, report)


def collect(cases) -> list[dict]:
    """Time, weights, memory and difference of each network.

    Args:
        cases: Iterable of pairs: a name in `keras.applications`, and pixels.
    """
    rows = []
    for name, size in cases:
        Console(stderr=True).print(f"{name}, {size}×{size} …")
        found = measure("relaxing", name=name, size=size)
        rows.append({"network": name, "size": size, **found})
    return rows


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Relaxed networks",
        "",
        f"Machine: {about}.",
        "",
        "Networks of `keras.applications` with random weights, each in a fresh "
        "process: how many convolutions became local clones, seconds, weights and "
        "operations of these before and after, the process's peak of memory with "
        "TensorFlow in it, and the largest difference of answers to noise, relative "
        "to the largest.",
        "",
        *HEAD,
    ]
    lines += [f"| {' | '.join(cells(row))} |" for row in results["rows"]]
    return "\n".join([*lines, ""])


HEAD = (
    "| network | size | clones | seconds | weights, millions | operations, billions | "
    "memory, GB | difference |",
    "|---|" + "---:|" * 7,
)


def cells(row) -> list[str]:
    """A network as tables have it."""
    return [
        row["network"],
        f"{row['size']}×{row['size']}",
        str(row["clones"]),
        f"{row['seconds']:.0f}",
        _both(row, "weights", 1e6),
        _both(row, "operations", 1e9),
        f"{row['memory'] / 1e9:.1f}",
        f"{row['difference']:.0e}",
    ]


def _both(row, what, unit) -> str:
    before, after = (row[key] / unit for key in (f"{what}_before", what))
    return f"{before:.3g} → {after:.3g}"


if __name__ == "__main__":
    main()
