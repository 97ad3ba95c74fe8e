"""When relaxing a trained CNN pays: `python -m benchmarks.relax_time`.

A plain CNN is trained until it no longer improves. From there it goes on for some
epochs as it is, relaxed with more and more regions, relaxed per pixel, and untied; an
MLP is trained beside it. Every run is saved as a line of a CSV at once, and an
interrupted study continues when it is started again. Fashion-MNIST and CIFAR-10 have to
be there, or to be downloaded; `SYMCLONE_TF_DATA` is a folder with .npz files of them.
"""

import argparse
import itertools
import pathlib

from benchmarks.relax_time.data import DATA
from benchmarks.relax_time.networks import TITLES
from benchmarks.relax_time.report import write_report
from benchmarks.relax_time.study import Study
from benchmarks.relax_time.training import LENGTHS


def main():
    """Runs what has not been run, and writes the table, the pictures and the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=DATA, choices=DATA)
    sizes = list(LENGTHS)
    parser.add_argument("--images", nargs="+", type=int, default=sizes, choices=sizes)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--networks", nargs="+", default=TITLES, choices=TITLES)
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/relax_time.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    for seed, size, data in itertools.product(chosen.seeds, chosen.images, chosen.data):
        Study(chosen.output, data, size, seed, chosen.networks).run()
    write_report(chosen.output)


if __name__ == "__main__":
    main()
