"""One network on each of Keras' backends: `python -m benchmarks.backends`.

A network of C8 whose first three clones are frozen, the last one anchored, is trained
on rotated digits: as each backend makes it from one seed, and as it goes on with a
network that TensorFlow has begun to train. TensorFlow reads and rotates the digits; a
run is a process in which Keras is on its backend, and a line of a CSV at once. What was
interrupted continues when it is started again.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks import csv_rows
from benchmarks.on_backends import TITLES, installed, run_on
from benchmarks.this_machine import machine
from symclone_tf.backends import backend

GROUP, SEED = "c8", 0
SYMMETRY = ",".join(["frozen"] * 3 + ["anchored"])
TRAINED, TESTED, BATCH = 2_000, 5_000, 32
WIDTH, RATE = 0.5, 0.002
# Epochs, of TensorFlow's network before it is saved, and of each start.
BEFORE, EPOCHS = 20, {"file": 10, "own": 40}
STARTS = {"file": "TensorFlow's file", "own": "its own seed"}
KEY = ("backend", "start")
SCORES = ("loss", "accuracy", "seconds")
FIELDS = (*KEY, "version", "weights", *SCORES)
OUTPUT = pathlib.Path("benchmarks/results/backends.csv")


def main():
    """Trains what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = installed()
    parser.add_argument("--backends", nargs="+", default=names, choices=names)
    parser.add_argument("--output", default=OUTPUT, type=pathlib.Path)
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    done = {tuple(row[name] for name in KEY) for row in read_rows(chosen.output)}
    runs = [(name, start) for start in STARTS for name in chosen.backends]
    runs = [run for run in runs if run not in done]
    with tempfile.TemporaryDirectory() as folder:
        if runs:
            run_on("tensorflow", "benchmarks.backends", "write", folder)
        for name, start in runs:
            row = run_on(name, "benchmarks.backends", "train", folder, start)
            csv_rows.append(chosen.output, row, FIELDS)
            Console(stderr=True).print(row)
    text = report(read_rows(chosen.output), machine())
    chosen.output.with_suffix(".md").write_text(text, encoding="utf-8")


def write(folder) -> dict:
    """Writes the digits, and a network that TensorFlow has begun to train.

    Args:
        folder: String or path.
    """
    import tensorflow as tf

    from benchmarks.tasks import digits
    from symclone_tf.experiments.image_rotations import rotated

    arrays = {}
    for split, size in (("train", TRAINED), ("test", TESTED)):
        images, labels = digits(split, size)
        turns = np.random.default_rng(len(arrays)).uniform(size=len(images))
        pairs = tf.data.Dataset.from_tensor_slices((images[..., None], turns))
        turned = pairs.map(rotated).batch(len(images))
        arrays |= {f"x_{split}": next(iter(turned)).numpy(), f"y_{split}": labels}
    np.savez(pathlib.Path(folder, "digits.npz"), **arrays)
    model = network()
    _fit(model, arrays["x_train"], arrays["y_train"], BEFORE)
    model.save(pathlib.Path(folder, "network.keras"))
    return {}


def network() -> keras.Model:
    """The network as this backend makes it, its clones in closed form."""
    students = sc.experiments.network_students(GROUP, student="regional", seed=SEED)
    for student in students:
        sc.cloning.solve(student)
    # Without anything that is drawn in training, which each backend draws in its way.
    return sc.experiments.image_network(
        "cloned",
        GROUP,
        students=students,
        symmetry=SYMMETRY,
        anchor="decoupled-l2-sp",
        dropout=0.0,
        seed=SEED,
        width=WIDTH,
    )


def train(folder, start) -> dict:
    """Trains a network on this backend, and returns its row.

    Args:
        folder: String or path, see `write`.
        start: String, of `STARTS`.
    """
    folder = pathlib.Path(folder)
    keras.utils.set_random_seed(SEED)
    model = (
        network()
        if start == "own"
        else keras.saving.load_model(folder / "network.keras")
    )
    with np.load(folder / "digits.npz") as arrays:
        x, y, tested, labels = (
            arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")
        )
    began = time.perf_counter()
    _fit(model, x, y, EPOCHS[start])
    seconds = time.perf_counter() - began
    found = model.evaluate(tested, labels, return_dict=True, verbose=0, batch_size=500)
    return {
        "backend": backend().name,
        "start": start,
        "version": backend().version(),
        "weights": model.count_params(),
        "loss": round(found["loss"], 5),
        "accuracy": round(found["accuracy"], 5),
        "seconds": round(seconds, 1),
    }


def _fit(model, images, labels, epochs):
    # It falls to zero, so that rounding alone does not decide where training ends.
    steps = epochs * -(-len(images) // BATCH)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=backend().compiles_steps(),
    )
    # The same order of images on all backends.
    options = {"batch_size": BATCH, "shuffle": False, "verbose": 0}
    model.fit(images, labels, epochs=epochs, **options)


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    return csv_rows.read(file, ("weights",), SCORES)


def report(rows, about) -> str:
    """The Markdown page."""
    return "\n".join(
        [
            "# One network on Keras' backends",
            "",
            f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with "
            "other work: minutes are no measure of speed.",
            "",
            f"A network of C8, its clones regional, made in closed form, the first "
            f"three frozen, the last one anchored by decoupled L2-SP, no dropout; "
            f"{rows[0]['weights']:,} weights. "
            f"{TRAINED:,} digits of MNIST rotated by any angle to train on, in the "
            f"same order, {TESTED:,} to test on; Adam, its rate falling from {RATE} to "
            f"0 as a cosine, seed {SEED}. *Its own seed*: {EPOCHS['own']} epochs from "
            "initial weights as the backend draws them from the seed; *TensorFlow's "
            f"file*: {EPOCHS['file']} epochs more of a network that TensorFlow has "
            f"trained for {BEFORE}, from one `.keras` file.",
            "",
            *table(rows),
            "",
        ]
    )


def table(rows) -> list[str]:
    """The Markdown table: a line for each backend and start."""
    lines = [
        f"| {TITLES[row['backend']]} {row['version']} | {STARTS[row['start']]} "
        f"| {row['accuracy']:.1%} | {row['loss']:.3f} | {row['seconds'] / 60:.1f} |"
        for start in STARTS
        for name in TITLES
        for row in rows
        if (row["backend"], row["start"]) == (name, start)
    ]
    heading = "| backend | initial weights | accuracy | loss | minutes |"
    return [heading, "|---|---|---:|---:|---:|", *lines]


if __name__ == "__main__":
    if sys.argv[1:2] in (["write"], ["train"]):
        print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
