"""Seams of regional clones in maps: `python -m benchmarks.seams`.

A U-Net that removes noise from images is trained, relaxed with regional students, and
fine-tuned. Where its kernels jump, at the borders of regions, the error of its output
may jump too. Measured is the mean square of differences of the error between neighbours
on both sides of a border, relative to that between the neighbours beside: 1 where there
are no seams. Noise depends on the position, so that regions have a reason to differ.
"""

import argparse
import json
import os
import pathlib
import statistics

import keras
import numpy as np
from keras import layers
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.relax_time.data import images
from benchmarks.result_files import write_results
from symclone_tf.students.regions import intervals

DATA, BATCH, RATE = "cifar10", 64, 1e-3
# Of a U-Net whose maps are 32 and 16 pixels wide.
FILTERS = (16, 32)
REGIONS = (2, 4, 8)
# Standard deviations of the noise in the middle of an image and at its corners.
NOISE = (0.05, 0.4)
NETWORKS = {
    "goes on": None,
    **{f"{n}×{n} regions": {"student": "regional", "regions": n} for n in REGIONS},
    "4×4 regions, decoupled L2-SP 30": {
        "student": "regional",
        "regions": 4,
        "symmetry": "anchored",
        "anchor": "decoupled-l2-sp",
    },
    "each pixel": {"student": "local"},
}


def main():
    """Trains and measures everything, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--train-size", default=4000, type=int)
    parser.add_argument("--epochs", default=[8, 4], type=int, nargs=2)
    parser.add_argument("--seeds", default=[0, 1, 2], type=int, nargs="+")
    arguments = parser.parse_args()
    file = arguments.output / "seams.json"
    results = {"train_size": arguments.train_size, "epochs": arguments.epochs}
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    same = all(kept.get(name) == value for name, value in results.items())
    rows = kept["rows"] if same else []
    for seed in arguments.seeds:
        if all(row["seed"] != seed for row in rows):
            rows += run(seed, **results)
        about = {**machine(), "load": os.getloadavg()[0]}
        found = {**results, "machine": about, "rows": rows}
        write_results(arguments.output, "seams", found, report)


def run(seed, train_size, epochs) -> list[dict]:
    """All networks that begin with one U-Net."""
    say = Console(stderr=True).print
    keras.utils.set_random_seed(seed)
    clean, _ = images(DATA, "train", train_size)
    tested, _ = images(DATA, "test", 1000)
    noisy = with_noise(tested, 1)
    model = unet(clean.shape[1:])
    fit(model, clean, epochs[0], seed)
    rows = []
    for name, options in NETWORKS.items():
        network = _relaxed(model, options)
        fit(network, clean, epochs[1], seed + 100)
        errors = network.predict(noisy, BATCH, verbose=0) - tested
        row = {"seed": seed, "network": name, "error": float(np.mean(errors**2))}
        row |= {f"seams_{n}": seam(errors, n) for n in REGIONS}
        say(row)
        rows.append(row)
    return rows


def _relaxed(model, options):
    if options is None:
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        return copy
    return sc.relax(model, verbose=0, **options)[0]


def unet(shape) -> keras.Model:
    """A U-Net with one pooling, that returns what it adds to its inputs."""
    inputs = keras.Input(shape)
    first, second = FILTERS
    options = {"padding": "same", "activation": "relu"}
    wide = layers.Conv2D(first, 3, **options)(inputs)
    wide = layers.Conv2D(first, 3, **options)(wide)
    narrow = layers.AveragePooling2D(2)(wide)
    narrow = layers.Conv2D(second, 3, **options)(narrow)
    narrow = layers.Conv2D(second, 3, **options)(narrow)
    both = layers.Concatenate()([wide, layers.UpSampling2D(2)(narrow)])
    x = layers.Conv2D(first, 3, **options)(both)
    change = layers.Conv2D(shape[-1], 3, padding="same")(x)
    return keras.Model(inputs, layers.Add()([inputs, change]))


def fit(model, clean, epochs, seed) -> None:
    """Trains a network to remove noise, drawn anew in each epoch."""
    model.compile(keras.optimizers.AdamW(RATE), "mse", jit_compile=False)
    for epoch in range(epochs):
        noisy = with_noise(clean, 1000 * seed + epoch + 2)
        model.fit(noisy, clean, BATCH, verbose=0)


def with_noise(clean, seed):
    """Images with noise that grows from the middle to the corners."""
    size = clean.shape[1]
    along = np.abs(np.linspace(-1, 1, size))
    least, most = NOISE
    deviation = least + (most - least) * (along[:, None] + along) / 2
    noise = np.random.default_rng(seed).normal(size=clean.shape)
    return (clean + noise * deviation[None, ..., None]).astype("float32")


def seam(errors, regions) -> float:
    """How much more errors jump at the borders of regions than elsewhere."""
    borders, others = [], []
    for axis in (1, 2):
        squares = np.square(np.diff(errors, axis=axis)).mean(axis=(0, 3))
        squares = squares if axis == 1 else squares.T
        edges = [stop - 1 for _, stop in intervals(errors.shape[axis], regions)[:-1]]
        # Those beside a border have nearly the same noise, others more or less.
        borders += [squares[edge].mean() for edge in edges]
        others += [squares[[edge - 1, edge + 1]].mean() for edge in edges]
    return float(np.mean(borders) / np.mean(others))


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    seeds = sorted({row["seed"] for row in results["rows"]})
    first, more = results["epochs"]
    lines = [
        "# Seams",
        "",
        f"Machine: {about}.",
        "",
        "A U-Net removes noise from CIFAR-10's images, more at the corners than in the "
        f"middle; {results['train_size']:,} images, {first} epochs, then {more} more as"
        f" it is or relaxed, {len(seeds)} seeds. Seams: mean square of differences of "
        "the error across the borders of regions, relative to that between the pixels "
        "beside; 1 where there are none.",
        "",
        "| network | mean squared error | "
        + " | ".join(f"seams at {n}×{n}" for n in REGIONS)
        + " |",
        "|---|" + "---:|" * (1 + len(REGIONS)),
    ]
    for name in NETWORKS:
        rows = [row for row in results["rows"] if row["network"] == name]
        keys = ["error", *(f"seams_{n}" for n in REGIONS)]
        cells = [_cell([row[key] for row in rows], key) for key in keys]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(values, key) -> str:
    digits = 5 if key == "error" else 3
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{digits}f} ± {spread:.{digits}f}"


if __name__ == "__main__":
    main()
