"""How the cost of cloning grows with images: `python -m benchmarks.growth`."""

import argparse
import math
import pathlib

from rich.console import Console

from benchmarks.cases import measure
from benchmarks.cloning import machine
from benchmarks.result_files import write_results

SOLVERS = {"sgd": "trained", "closed-form": "solved"}


def main():
    """Measures every size, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--sizes", default=[28, 56, 112, 224, 448], type=int, nargs="+")
    arguments = parser.parse_args()
    results = {"machine": machine(), "rows": collect(arguments.sizes)}
    write_results(arguments.output, "growth", results, report)


def collect(sizes) -> list[dict]:
    """Time, memory and NMSE of each size, by both solvers."""
    rows = []
    for size in sizes:
        Console(stderr=True).print(f"T(2) {size}×{size} …")
        row = {"size": size}
        for solver, name in SOLVERS.items():
            layer = {"group": "t2", "image_size": size, "student": "local"}
            found = measure("cloning", solver=solver, **layer)
            row["weights"] = found.pop("weights")
            row |= {f"{name}_{key}": value for key, value in found.items()}
        rows.append(row)
    return rows


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    rows = results["rows"]
    lines = [
        "# Growth of locally connected students",
        "",
        f"Machine: {about}.",
        "",
        "Cloning T(2) convolutions of 3×3 pixels into locally connected students, each "
        "in a fresh process: seconds in the clone's report, the peak memory of the "
        "process including TensorFlow, and the NMSE on fresh pairs.",
        "",
        "| size | weights, MB | trained, s | memory, GB | NMSE | solved, s | "
        "memory, GB | NMSE |",
        "|" + "---:|" * 8,
    ]
    for row in rows:
        cells = [f"{row['size']}×{row['size']}", f"{row['weights'] / 1e6:.3g}"]
        for name in SOLVERS.values():
            cells.append(f"{row[f'{name}_seconds']:.2f}")
            cells.append(f"{row[f'{name}_memory'] / 1e9:.2f}")
            cells.append(f"{row[f'{name}_nmse']:.0e}")
        lines.append(f"| {' | '.join(cells)} |")
    if len(rows) > 1:
        powers = [
            f"n^{exponent(rows, f'{name}_seconds'):.1f}" for name in SOLVERS.values()
        ]
        lines += [
            "",
            f"At the last step, training grows as {powers[0]}, solving as {powers[1]}, "
            f"and weights as n^{exponent(rows, 'weights'):.1f}.",
        ]
    return "\n".join([*lines, ""])


def exponent(rows, name) -> float:
    """The power of the size with which a figure grows at the last step."""
    before, last = rows[-2:]
    return math.log(last[name] / before[name]) / math.log(last["size"] / before["size"])


if __name__ == "__main__":
    main()
