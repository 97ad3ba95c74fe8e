"""Preserving and breaking symmetry: `python -m benchmarks.almost_symmetric`.

Trains a task's network with the convolutions of each method, over the strengths of its
regularisation. Every run is saved as a line of a CSV at once, and an interrupted
comparison continues when it is started again. MNIST has to be there, or to be
downloaded.
"""

import argparse
import pathlib

from benchmarks.almost_symmetric.methods import METHODS
from benchmarks.almost_symmetric.report import write_report
from benchmarks.almost_symmetric.runs import run_once
from benchmarks.tasks import TASKS


def main():
    """Runs what has not been run, and writes the table, the pictures and the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    titles = [method.title for method in METHODS]
    parser.add_argument("--methods", nargs="*", default=titles, choices=titles)
    parser.add_argument(
        "--tasks", nargs="*", default=["invariance", "breaking"], choices=list(TASKS)
    )
    parser.add_argument("--strengths", nargs="*", type=float, help="instead of all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--train-size", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--clones", default="exported")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default="benchmarks/results/almost_symmetric.csv",
    )
    parser.add_argument(
        "--benchmark",
        type=pathlib.Path,
        default="benchmarks/results/mnist/c4.csv",
        help="the table of symclone-tf benchmark, whose runs are shown too",
    )
    chosen = parser.parse_args()
    for seed in chosen.seeds:
        for method in METHODS:
            strengths = method.strengths or (None,)
            if chosen.strengths and method.strengths:
                strengths = chosen.strengths
            for strength in strengths if method.title in chosen.methods else ():
                for task in chosen.tasks:
                    sizes = (chosen.train_size, chosen.epochs)
                    key = (method.title, strength, task, seed, *sizes)
                    if method.takes(TASKS[task]):
                        run_once(chosen.output, key, chosen.clones)
    write_report(chosen.output, chosen.benchmark)


if __name__ == "__main__":
    main()
