"""U-Nets for touching discs and ellipses: `python -m benchmarks.segmenting`.

All have the same gray, so that only its outline tells what a pixel belongs to, and each
ellipse touches a disc. U-Nets are trained as `symclone-tf train --task segmentation`
does, with no option but data, group and architecture. Each run is a line of a CSV at
once, and what was interrupted continues when it is started again.
"""

import argparse
import itertools
import pathlib
import statistics

import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks import csv_rows, measured_pages
from benchmarks.symmetrizing.report import percent
from benchmarks.this_machine import machine

SIZE, TESTED = 32, 400
CLASSES = ("background", "disc", "ellipse")
GROUP = "c4"
CLONED = {"architecture": "cloned", "student": "regional"}
NETWORKS = {
    "Conv2D": {"architecture": "cnn"},
    "Conv2D, RandomFlip and RandomRotation": {
        "architecture": "cnn",
        "augment": "flip,rotation",
    },
    "GroupConv2D": {"architecture": "gcnn"},
    "clones, frozen": CLONED,
    "clones, last anchored": CLONED
    | {"symmetry": ",".join(["frozen"] * 9 + ["anchored"])},
}
KEY = ("images", "network", "seed")
SCORES = ("mean_iou", "disc", "ellipse", "accuracy", "transformed_mean_iou", "error")
FIELDS = (*KEY, "weights", "epochs", "seconds", *SCORES)


def main():
    """Trains what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--images", nargs="+", type=int, default=[400, 50])
    parser.add_argument("--clones", default="exported")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/segmenting.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    done = {tuple(row[name] for name in KEY) for row in read_rows(chosen.output)}
    workspace = sc.workspace.Workspace(chosen.clones, verbose=0)
    runs = itertools.product(chosen.seeds, chosen.images, NETWORKS)
    for seed, images, network in runs:
        if (images, network, seed) not in done:
            row = run(images, network, seed, workspace)
            csv_rows.append(chosen.output, row, FIELDS)
            Console(stderr=True).print(row)
    measured_pages.write(chosen.output, report(read_rows(chosen.output), machine()))


def shapes(count, size=SIZE, seed=0) -> tuple:
    """Images of discs, each of which an ellipse touches, and their masks.

    Args:
        count: Integer.
        size: Integer, height and width in pixels.
        seed: Integer.

    Returns:
        Pair of arrays of bytes of shape `(count, size, size)`: images, and masks of 0,
        1 for discs and 2 for ellipses.
    """
    rng = np.random.default_rng(seed)
    pixels = np.stack(np.mgrid[:size, :size], axis=-1).astype(float)
    masks = np.zeros((count, size, size), "uint8")
    for mask in masks:
        for _ in range(2):
            middle = rng.uniform(size * 0.15, size * 0.85, size=2)
            radius = rng.uniform(0.08, 0.14) * size
            half = radius * np.array([1.5, 0.6])
            turned, direction = rng.uniform(0, 2 * np.pi, size=2)
            axes = _directions(turned)
            toward = axes @ _directions(direction)[0]
            # From the middle of the ellipse to its edge, along the line of contact.
            reach = 1 / np.linalg.norm(toward / half)
            other = middle + (radius + reach) * _directions(direction)[0]
            inside = np.linalg.norm((pixels - other) @ axes.T / half, axis=-1) < 1
            mask[inside] = 2
            mask[np.linalg.norm(pixels - middle, axis=-1) < radius] = 1
    images = 60 + 80 * (masks > 0) + 30 * rng.normal(size=masks.shape)
    return np.clip(images, 0, 255).astype("uint8"), masks


def _directions(angle):
    """Two directions at right angles, as rows."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def run(images, network, seed, workspace) -> dict:
    """Trains one U-Net, and returns its row."""
    train, test = shapes(images, seed=seed), shapes(TESTED, seed=10_000)
    opened = sc.data.open_segmented(
        {
            **dict(zip(("x_train", "y_train"), train)),
            **dict(zip(("x_test", "y_test"), test)),
            "class_names": CLASSES,
        }
    )
    experiment = sc.experiments.Segmentation(
        group=GROUP, data="shapes", image_size=SIZE, seed=seed, **NETWORKS[network]
    )
    _, found = sc.experiments.run_segmentation(experiment, workspace, images=opened)
    scores = {name: found[name] for name in SCORES if name in found}
    scores |= {name: found["iou"][name] for name in CLASSES[1:]}
    scores["error"] = found["equivariance_error"]["network"]["after"]
    return {
        **{"images": images, "network": network, "seed": seed},
        **{"weights": found["parameters"], "epochs": found["epochs"]},
        "seconds": found["seconds"],
        **{name: float(f"{value:.5g}") for name, value in scores.items()},
    }


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    whole = ("images", "seed", "weights", "epochs")
    return csv_rows.read(file, whole, ("seconds", *SCORES))


def report(rows, about) -> str:
    """The Markdown page."""
    text = (
        f"U-Nets of C4 on images of {SIZE}×{SIZE} pixels, tested on {TESTED} others. "
        "Mean ± standard deviation where there are several seeds. *Transformed*: test "
        "images and masks, each turned by a random multiple of 90°. The error is the "
        "largest ‖f(g·x) − g·f(x)‖ / ‖f(x)‖ of probabilities."
    )
    heads = ["network", "seeds", "weights", "minutes", "mean IoU", "disc", "ellipse"]
    heads += ["transformed", "error"]
    counts = sorted({row["images"] for row in rows})
    sections = [
        (
            f"{count} training images",
            [],
            heads,
            table([row for row in rows if row["images"] == count]),
        )
        for count in counts
    ]
    title = "Segment touching discs and ellipses"
    return measured_pages.page(title, about, text, sections)


def table(rows) -> list[list[str]]:
    """A line for each network."""
    lines = []
    for network in NETWORKS:
        kept = [row for row in rows if row["network"] == network]
        if kept:
            spread = ("mean_iou", "disc", "ellipse", "transformed_mean_iou")
            lines.append(
                [
                    network,
                    str(len(kept)),
                    f"{kept[0]['weights']:,}",
                    f"{statistics.mean(row['seconds'] for row in kept) / 60:.1f}",
                    *(percent([row[name] for row in kept]) for name in spread),
                    f"{max(row['error'] for row in kept):.0e}",
                ]
            )
    return lines


if __name__ == "__main__":
    main()
