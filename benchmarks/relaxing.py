"""Published networks, relaxed as a whole: `python -m benchmarks.relaxing`."""

import argparse
import pathlib

from rich.console import Console

from benchmarks.cases import measure
from benchmarks.cloning import machine
from benchmarks.result_files import write_results

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
    write_results(arguments.output, "relaxing", results, report)


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
        "process: the number of convolutions that became locally connected clones, "
        "seconds, their weights and operations before and after, the peak memory of "
        "the process including TensorFlow, and the largest difference between outputs "
        "for noise, relative to the largest output.",
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
    """A row of the table."""
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
