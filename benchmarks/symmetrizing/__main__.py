"""Trained networks that get a symmetry: `python -m benchmarks.symmetrizing`.

A CNN is trained on upright digits, made invariant under quarter turns in several ways,
and trained further. Every run is a line of a CSV at once, and what was interrupted
continues when it is started again.
"""

import argparse
import pathlib

from benchmarks.symmetrizing.methods import METHODS
from benchmarks.symmetrizing.report import write_report
from benchmarks.symmetrizing.runs import Study


def main():
    """Runs what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/symmetrizing.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    for seed in chosen.seeds:
        Study(chosen.output, seed, chosen.methods).run()
    write_report(chosen.output)


if __name__ == "__main__":
    main()
