"""When relaxing a trained CNN pays: `python -m benchmarks.relax_time`.

A plain CNN is trained; after some epochs it is relaxed, or untied, and trained to the
end. It is compared with the CNN that is not relaxed and an MLP. Every run is saved as a
line of a CSV at once, and an interrupted study continues when it is started again.
Fashion-MNIST and CIFAR-10 have to be there, or to be downloaded; `SYMCLONE_TF_DATA` is
a folder with .npz files of them.
"""

import argparse
import pathlib

from benchmarks.relax_time.networks import CONVOLUTIONS, VARIANTS
from benchmarks.relax_time.report import write_report
from benchmarks.relax_time.study import Study


def main():
    """Runs what has not been run, and writes the table, the pictures and the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=list(CONVOLUTIONS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--times", nargs="+", type=int, default=[4])
    titles = [variant.title for variant in VARIANTS]
    parser.add_argument("--variants", nargs="+", default=titles, choices=titles)
    parser.add_argument("--train-size", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument(
        "--output", type=pathlib.Path, default="benchmarks/results/relax_time.csv"
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    for seed in chosen.seeds:
        for data in chosen.data:
            Study(chosen, data, seed).run()
    write_report(chosen.output)


if __name__ == "__main__":
    main()
