"""Trained networks that get a symmetry: `python -m benchmarks.symmetrizing`.

A CNN is trained on images as they are, made invariant in several ways, and trained
further. Every run is a line of a CSV at once, and what was interrupted continues when
it is started again. `SYMCLONE_TF_DATA` is a folder with `malaria.npz` and
`cifar10.npz`, which TensorFlow Datasets downloads otherwise.
"""

import argparse
import itertools
import pathlib

from benchmarks.symmetrizing.data import DATA
from benchmarks.symmetrizing.methods import METHODS, methods_of
from benchmarks.symmetrizing.report import write_report
from benchmarks.symmetrizing.runs import Study


def main():
    """Runs what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", choices=METHODS)
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/symmetrizing.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    for seed, name in itertools.product(chosen.seeds, chosen.data):
        titles = chosen.methods or methods_of(name)
        Study(chosen.output, DATA[name], seed, titles).run()
    write_report(chosen.output)


if __name__ == "__main__":
    main()
