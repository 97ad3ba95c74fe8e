"""Groups of reflections and rotations: `python -m benchmarks.any_angle`.

Networks of about as many weights are trained on digits rotated by any angle, on blood
cells, and on photographs: plain ones, with and without augmentation, of group
convolutions, and of clones of these. Every run is a line of a CSV at once, and what was
interrupted continues when it is started again. `SYMCLONE_TF_DATA` is a folder with
`malaria.npz` and `cifar10.npz`, which TensorFlow Datasets downloads otherwise.
"""

import argparse
import itertools
import pathlib

import numpy as np

from benchmarks.any_angle.data import rotated_digits
from benchmarks.any_angle.report import write_report
from benchmarks.any_angle.runs import run
from benchmarks.any_angle.studies import STUDIES


def main():
    """Trains what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=list(STUDIES), choices=STUDIES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--networks", nargs="+")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/any_angle.csv"),
    )
    parser.add_argument(
        "--export", help="write the rotated digits to this .npz file, and nothing else"
    )
    chosen = parser.parse_args()
    if chosen.export:
        (x, y), test = rotated_digits()
        np.savez(chosen.export, x_train=x, y_train=y, x_test=test[0], y_test=test[1])
        return
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    for seed, name in itertools.product(chosen.seeds, chosen.data):
        for images in STUDIES[name].epochs:
            run(STUDIES[name], images, seed, chosen.output, chosen.networks)
    write_report(chosen.output)


if __name__ == "__main__":
    main()
