"""Training steps of clones on Keras' backends: `python -m benchmarks.backend_steps`.

Networks of one layer each alternate in one process for each backend, and so do the
processes, round by round: the fastest of all, as ratios to the same backend's `Conv2D`
of as many channels. Steps are Keras' own, `train_on_batch`, compiled as by default.
"""

import argparse
import copy
import functools
import json
import os
import pathlib
import sys
import time

import keras
import numpy as np
from keras import ops
from rich.console import Console

import symclone_tf as sc
from benchmarks.on_backends import TITLES, installed, run_on
from benchmarks.result_files import write_results
from benchmarks.this_machine import machine
from symclone_tf.backends import backend

# Group, image size, channels and filters for each element, and batch.
CASES = (("t2", 28, 16, 16, 32), ("c4", 28, 8, 8, 32))
CLONES = {
    "frozen": ("local", "frozen"),
    "regional": ("regional", "trainable"),
    "local": ("local", "trainable"),
}
NAMES = ("convolution", *CLONES)
# What a local clone multiplies: at each of its positions, what is in the receptive
# field, for all images and maps of C4's case above, by its blocks.
PRODUCT = (26 * 26, 32 * 32, 9, 9)
FIRST = "tensorflow"


def main():
    """Measures everything, and writes the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--repetitions", default=15, type=int)
    parser.add_argument("--rounds", default=3, type=int)
    names = installed()
    parser.add_argument("--backends", nargs="+", default=names, choices=names)
    chosen = parser.parse_args()
    rows = collect(CASES, chosen.backends, chosen.rounds, chosen.repetitions)
    products = {
        name: run_on(name, "benchmarks.backend_steps", "product")["seconds"]
        for name in chosen.backends
    }
    about = {**machine(), "load": round(os.getloadavg()[0], 1)}
    found = {"machine": about, "rows": rows, "products": products}
    write_results(chosen.output, "backend_steps", found, report)


def collect(cases, backends, rounds, repetitions) -> list[dict]:
    """The fastest steps of each case on each backend."""
    found = {name: [] for name in backends}
    for _ in range(rounds):
        for name in backends:
            Console(stderr=True).print(f"{TITLES[name]} …")
            arguments = json.dumps([cases, repetitions])
            measured = run_on(name, "benchmarks.backend_steps", "measure", arguments)
            found[name].append(measured)
    rows = []
    for number, case in enumerate(cases):
        about = dict(zip(("group", "image_size", "channels", "filters", "batch"), case))
        for name, each in found.items():
            seconds = {n: min(run[number][n] for run in each) for n in NAMES}
            rows.append({**about, "backend": name, **seconds})
    return rows


def measure(cases, repetitions) -> list[dict]:
    """Seconds of a training step of each case's networks, all in turn."""
    return [_fastest(case, repetitions) for case in cases]


def _fastest(case, repetitions):
    steps = {name: step(name, *case) for name in NAMES}
    seconds = dict.fromkeys(steps, float("inf"))
    for _ in range(repetitions + 2):  # the first compile
        for name, call in steps.items():
            start = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def product(repetitions=15) -> dict:
    """Seconds of a local clone's products alone, see `PRODUCT`, and of their sum."""
    positions, count, entries, blocks = PRODUCT
    rng = np.random.default_rng(0)
    fields, weights = (
        ops.convert_to_tensor(rng.normal(size=(positions, *shape)), "float32")
        for shape in ((count, entries), (entries, blocks))
    )
    call = backend().compiled(lambda x, w: ops.sum(ops.matmul(x, w)))
    seconds = float("inf")
    for _ in range(repetitions + 2):
        start = time.perf_counter()
        float(call(fields, weights))
        seconds = min(seconds, time.perf_counter() - start)
    return {"seconds": seconds}


def step(name, group, image_size, channels, filters, batch):
    """A training step, as a call that ends when the step has.

    Args:
        name: String, of `NAMES`: a clone, or `Conv2D` of as many channels as the
            clone has on all elements.
        group, image_size, channels, filters, batch: Of `CASES`.
    """
    teacher = sc.ConvTeacher(group, image_size, lifting=group == "t2")
    inputs, outputs = (*teacher.input_shape, channels), teacher.output_shape
    if name == "convolution":
        inputs = (image_size, image_size, teacher.representation_in * channels)
        wide = teacher.representation_out * filters
        layer, outputs = keras.layers.Conv2D(wide, 3), (*outputs[:2], wide)
    else:
        layer = clone_layer(name, teacher, filters)
        outputs = (*outputs, filters)
    model = keras.Sequential([keras.Input(inputs), layer])
    model.compile(
        keras.optimizers.SGD(1e-6), "mse", jit_compile=backend().compiles_steps()
    )
    rng = np.random.default_rng(0)
    images = keras.ops.convert_to_tensor(rng.normal(size=(batch, *inputs)), "float32")
    wanted = keras.ops.zeros((batch, *outputs))
    return lambda: float(model.train_on_batch(images, wanted))


def clone_layer(name, teacher, filters):
    """A layer of a clone made in closed form."""
    kind, symmetry = CLONES[name]
    student = copy.deepcopy(_solved(teacher, kind))
    return sc.ClonedConv2D(filters, student, symmetry)


@functools.lru_cache(maxsize=4)
def _solved(teacher, kind):
    return sc.clone(teacher, student=kind, solver="closed-form", verbose=0)[0]


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Training steps on Keras' backends",
        "",
        f"Machine: {about}.",
        "",
        "A training step of a network of one layer, by `train_on_batch` with SGD: the "
        "fastest of several repetitions in which all layers of a backend alternate, in "
        "processes of the backends in turn. `Conv2D` in milliseconds, with as many "
        "channels as the clones have on all elements; clones as ratios to it, and in "
        "brackets those by TensorFlow's ratio.",
        "",
        *table(results["rows"]),
        "",
        products(results["products"]),
    ]
    return "\n".join([*lines, ""])


def products(seconds) -> str:
    """What the products of a local clone take on each backend, in a sentence."""
    positions, count, entries, blocks = PRODUCT
    each = ", ".join(f"{1e3 * s:.1f} ms on {TITLES[n]}" for n, s in seconds.items())
    return (
        f"The products of a local clone at {positions} positions, each of "
        f"{count}×{entries} by {entries}×{blocks}, in one call, with their sum: {each}."
    )


def table(rows) -> list[str]:
    """The Markdown table: a line for each case and backend."""
    first = {row["group"]: row for row in rows if row["backend"] == FIRST}
    lines = [
        "| layer | backend | `Conv2D`, ms | frozen clone | regional | local |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        title = f"{row['group']}, {row['channels']} → {row['filters']} channels"
        cells = [title, TITLES[row["backend"]], f"{1e3 * row['convolution']:.1f}"]
        for name in CLONES:
            ratio = row[name] / row["convolution"]
            cells.append(f"{ratio:.2f}")
            if row["backend"] != FIRST and row["group"] in first:
                same = first[row["group"]]
                share = ratio / (same[name] / same["convolution"])
                cells[-1] += f" ({share:.2f})"
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(*json.loads(sys.argv[2]))))
    elif sys.argv[1:2] == ["product"]:
        print(json.dumps(product()))
    else:
        main()
