"""Classifiers of one's own images: `python -m benchmarks.own_images`.

Networks are trained as `symclone-tf train` does, with no option but data, group and
network, on blood cells, few and many, CIFAR-10 and Fashion-MNIST. Each run is a line of
a CSV at once, and what was interrupted continues when it is started again.
`SYMCLONE_TF_DATA` is a folder with `malaria.npz` and `cifar10.npz`; TensorFlow Datasets
downloads what is not there.
"""

import argparse
import dataclasses
import itertools
import pathlib
import statistics
from collections.abc import Callable

import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks import csv_rows, measured_pages
from benchmarks.any_angle.data import cells, photographs
from benchmarks.relax_time.data import images
from benchmarks.symmetrizing.report import percent
from benchmarks.this_machine import machine

CLONED = {"architecture": "cloned", "student": "regional"}
NETWORKS = {
    "Conv2D": {"architecture": "cnn"},
    "Conv2D, RandomFlip and RandomRotation": {
        "architecture": "cnn",
        "augment": "flip,rotation",
    },
    "Conv2D, RandomFlip": {"architecture": "cnn", "augment": "flip"},
    "GroupConv2D": {"architecture": "gcnn"},
    "clones, last anchored": CLONED
    | {"symmetry": ",".join(["frozen"] * 3 + ["anchored"])},
}
KEY = ("data", "network", "seed")
SCORES = ("as_they_are", "transformed")
FIELDS = (*KEY, "weights", "epochs", "best_epoch", "seconds", *SCORES)


def clothes() -> tuple:
    """Fashion-MNIST, 10,000 images to train on."""
    train = images("fashion_mnist", "train", 10_000)
    return train, images("fashion_mnist", "test")


@dataclasses.dataclass(frozen=True)
class Data:
    """What is classified.

    Attributes:
        title: String.
        group: String.
        augmented: String, of `NETWORKS`: the one with the transformations that
            whoever knows the images would choose.
        count: Integer, how many images are trained on, others with each seed.
        read: Callable that returns pairs of arrays, to train and to test on.
    """

    title: str
    group: str
    augmented: str
    count: int
    read: Callable

    def open(self, seed) -> sc.data.Images:
        """The images, in memory."""
        (x, y), (tested, labels) = self.read()
        chosen = np.random.default_rng(seed).permutation(len(x))[: self.count]
        arrays = {"x_train": x[chosen], "y_train": y[chosen]}
        return sc.data.open_images(arrays | {"x_test": tested, "y_test": labels})

    @property
    def networks(self) -> list[str]:
        """The titles of networks that are compared."""
        plain, *_, exact, anchored = NETWORKS
        return [plain, self.augmented, exact, anchored]


TURNED = ("c4", "Conv2D, RandomFlip and RandomRotation")
MIRRORED = ("flip", "Conv2D, RandomFlip")
DATA = {
    data.title: data
    for data in (
        Data("120 cells", *TURNED, 120, cells),
        Data("900 cells", *TURNED, 900, cells),
        Data("8,000 cells", *TURNED, 8_000, cells),
        Data("CIFAR-10", *MIRRORED, 10_000, photographs),
        Data("Fashion-MNIST", *MIRRORED, 10_000, clothes),
    )
}


def main():
    """Trains what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument("--clones", default="exported")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/own_images.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    done = {tuple(row[name] for name in KEY) for row in read_rows(chosen.output)}
    workspace = sc.workspace.Workspace(chosen.clones, verbose=0)
    for seed, title in itertools.product(chosen.seeds, chosen.data):
        for network in DATA[title].networks:
            if (title, network, seed) not in done:
                row = run(DATA[title], network, seed, workspace)
                csv_rows.append(chosen.output, row, FIELDS)
                Console(stderr=True).print(row)
    measured_pages.write(chosen.output, report(read_rows(chosen.output), machine()))


def run(data, network, seed, workspace) -> dict:
    """Trains one network, and returns its row."""
    experiment = sc.experiments.Experiment(
        group=data.group,
        data=data.title,
        recipe="validated",
        seed=seed,
        **NETWORKS[network],
    )
    _, found = sc.experiments.run_experiment(
        experiment, workspace, images=data.open(seed)
    )
    scores = (found["upright_accuracy"], found["accuracy"])
    return {
        **{"data": data.title, "network": network, "seed": seed},
        "weights": found["parameters"],
        **{name: found[name] for name in ("epochs", "best_epoch", "seconds")},
        **{name: round(value, 5) for name, value in zip(SCORES, scores)},
    }


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    whole = ("seed", "weights", "epochs", "best_epoch")
    return csv_rows.read(file, whole, ("seconds", *SCORES))


def report(rows, about) -> str:
    """The Markdown page."""
    text = (
        "Networks as `symclone-tf train` trains them, with no option but `--data`, "
        "`--group` and the network. Accuracies on test images as they are, and each "
        "transformed by a random element of the group; cells of other patients. Mean "
        "± standard deviation where there are several seeds, which choose the images "
        "that are trained on, too."
    )
    heads = ["network", "seeds", "weights", "epochs", "minutes", *SCORES]
    heads = [head.replace("_", " ") for head in heads]
    kept = {
        data: [row for row in rows if row["data"] == data.title]
        for data in DATA.values()
    }
    sections = [
        (f"{data.title}, {data.group}", [], heads, table(of_data))
        for data, of_data in kept.items()
        if of_data
    ]
    return measured_pages.page("Classify one's own images", about, text, sections)


def table(rows) -> list[list[str]]:
    """A line for each network."""
    lines = []
    for network in NETWORKS:
        kept = [row for row in rows if row["network"] == network]
        if kept:
            lines.append(
                [
                    network,
                    str(len(kept)),
                    f"{kept[0]['weights']:,}",
                    f"{statistics.mean(row['epochs'] for row in kept):.0f}",
                    f"{statistics.mean(row['seconds'] for row in kept) / 60:.1f}",
                    *(percent([row[name] for row in kept]) for name in SCORES),
                ]
            )
    return lines


def complete(rows) -> list[str]:
    """The titles of data of which all networks were trained."""
    done = {(row["data"], row["network"]) for row in rows}
    return [
        title
        for title, data in DATA.items()
        if all((title, network) in done for network in data.networks)
    ]


def overview(rows) -> list[list[str]]:
    """A line for each network: accuracies on test images as they are, and minutes, by
    data of which all networks were trained. Networks with the transformations that suit
    the data are one."""
    titles = complete(rows)
    plain, *_, exact, anchored = NETWORKS
    kinds = {plain: plain, "Conv2D, augmented": None, exact: exact, anchored: anchored}
    lines = []
    for name, network in kinds.items():
        cells = []
        for title in titles:
            wanted = network or DATA[title].augmented
            kept = [r for r in rows if (r["data"], r["network"]) == (title, wanted)]
            minutes = [row["seconds"] / 60 for row in kept]
            found = percent([row["as_they_are"] for row in kept])
            spent = f" ({statistics.mean(minutes):.1f})" if kept else ""
            cells.append(found + spent)
        lines.append([name, *cells])
    return lines


if __name__ == "__main__":
    main()
