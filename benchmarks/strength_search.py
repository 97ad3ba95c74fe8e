"""Several strengths in one training: `python -m benchmarks.strength_search`.

Networks of `benchmarks.almost_symmetric` whose last layer is held, with all strengths
at once. The strength is chosen on images that none learnt from, transformed as in
tests; each is tested. Every strength of a run is a line of a CSV at once, and what was
interrupted continues when it is started again. MNIST has to be there, or to be
downloaded.
"""

import argparse
import itertools
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks import csv_rows, measured_pages
from benchmarks.almost_symmetric.methods import (
    LAST_CLONE,
    LAST_UNTIED,
    METHODS,
    SHARES,
)
from benchmarks.almost_symmetric.rows import read as read_single
from benchmarks.almost_symmetric.runs import unchanged
from benchmarks.tasks import TASKS
from benchmarks.this_machine import machine
from symclone_tf.networks.strength_search_checks import STRENGTHS

TRAINED, EPOCHS = 10_000, 8
# Steps that are timed, after some that are traced.
TIMED, SKIPPED = 30, 3
# Frames of smoke, all of them, and epochs, as in the other table.
FRAMES, FRAMES_EPOCHS = 576, 15
# What is compared with: rows of single runs.
SINGLE = pathlib.Path("benchmarks/results/almost_symmetric.csv")
KEY = ("method", "task", "seed", "strength")
WHOLE = ("seed", "chosen")
SCORES = ("strength", "validation", "test", "seconds", "single_seconds")
FIELDS = (*KEY, "chosen", *SCORES[1:], "upright")


def main():
    """Runs what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--methods", nargs="+", default=[LAST_UNTIED, LAST_CLONE])
    tasks = ["breaking", "invariance"]
    parser.add_argument("--tasks", nargs="+", default=tasks, choices=list(TASKS))
    parser.add_argument("--clones", default="exported")
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/strength_search.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    done = {tuple(row[name] for name in KEY[:3]) for row in read_rows(chosen.output)}
    for case in itertools.product(chosen.methods, chosen.tasks, chosen.seeds):
        if case not in done:
            Console(stderr=True).print("{}, {}, seed {} …".format(*case))
            for row in run(*case, clones=chosen.clones):
                csv_rows.append(chosen.output, row, FIELDS)
    text = report(read_rows(chosen.output), read_single(SINGLE), machine())
    measured_pages.write(chosen.output, text)


def run(
    title, task, seed, trained=TRAINED, tested=None, epochs=None, clones="exported"
) -> list[dict]:
    """Trains one network with all strengths, and tests each.

    Args:
        title: String, of `METHODS`.
        task: String, of `TASKS`.
        seed: Integer.
        trained: Integer, the digits that are trained on.
        tested: Integer, those that are tested on; `None` for all.
        epochs: Integer; `None` for as many as in the other table.
        clones: String or path, the root of all clones.

    Returns:
        List of rows, one for each strength.
    """
    (method,) = (each for each in METHODS if each.title == title)
    task = TASKS[task]
    epochs = epochs or sizes(task)[1]
    keras.utils.set_random_seed(seed)
    model = method.network(task, SHARES[0], seed, clones)
    search = sc.networks.StrengthSearch(model)
    labels = bool(task.classes)
    loss = "sparse_categorical_crossentropy" if labels else "mse"
    metric = "accuracy" if labels else "root_mean_squared_error"
    options = {"loss": loss, "jit_compile": False}
    metrics = ["accuracy"] if labels else [keras.metrics.RootMeanSquaredError()]
    search.compile(keras.optimizers.AdamW(1e-3), metrics=metrics, **options)
    model.compile(keras.optimizers.AdamW(1e-3), **options)
    (data, kept), test = held_out(task, trained, seed), task.data("test", tested, seed)
    search.fit(data.prefetch(tf.data.AUTOTUNE), epochs=epochs, shuffle=False, verbose=0)
    _, found = search.choose(kept, monitor=metric, mode="max" if labels else "min")
    upright = {}
    if task.name == "invariance":
        plain = task.data("test", tested, seed, transformed=False)
        upright = search.evaluate(plain, return_dict=True, verbose=0)
    scores = search.evaluate(test, return_dict=True, verbose=0)
    # Relative to that of predicting no change, as in the other table.
    scale = 1.0 if labels else unchanged(test)
    seconds, single = step_seconds(search, model, data)
    rows = []
    for each in found:
        name = f"strength_{each.strength}_{metric}"
        rows.append(
            {
                **{"method": title, "task": task.name, "seed": seed},
                "strength": each.strength,
                "chosen": int(each.is_chosen),
                "validation": round(each.scores[metric], 5),
                "test": round(scores[name] / scale, 5),
                "upright": round(upright[name], 5) if upright else None,
                "seconds": round(seconds, 4),
                "single_seconds": round(single, 4),
            }
        )
    return rows


def sizes(task) -> tuple[int, int]:
    """The images that a task is trained on, and for how many epochs."""
    return (TRAINED, EPOCHS) if task.classes else (FRAMES, FRAMES_EPOCHS)


def held_out(task, trained, seed):
    """A task's data to train on, and to choose by.

    Digits to choose by are transformed as in tests. Of frames of smoke, and of digits
    in quadrants, they are every tenth batch of those to train on.
    """
    data = task.data("train", trained, seed)
    if kept := task.validation(trained, seed):
        return data, kept
    batches = [tuple(map(np.asarray, batch)) for batch in data]
    learnt = [batch for number, batch in enumerate(batches) if number % 10]
    parts = [
        [np.concatenate(part) for part in zip(*each)]
        for each in (learnt, batches[::10])
    ]
    size = len(batches[0][0])
    learnt, kept = (tf.data.Dataset.from_tensor_slices(tuple(p)) for p in parts)
    return learnt.shuffle(len(parts[0][0]), seed=seed).batch(size), kept.batch(size)


def step_seconds(search, model, data) -> list[float]:
    """The seconds of a step of both, the medians of steps that take turns.

    Args:
        search: `StrengthSearch`, compiled, which learns from the steps.
        model: `keras.Model` of one strength, compiled, which learns too.
        data: `tf.data.Dataset` of batches.
    """
    seconds = [[], []]
    for images, labels in data.repeat().take(SKIPPED + TIMED):
        for each, kept in zip((search, model), seconds):
            start = time.perf_counter()
            each.train_on_batch(images, labels)
            kept.append(time.perf_counter() - start)
    return [float(np.median(each[SKIPPED:])) for each in seconds]


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    return csv_rows.read(file, WHOLE, SCORES)


def report(rows, single, about) -> str:
    """The Markdown page.

    Args:
        rows: List of dictionaries, see `read_rows`.
        single: List of dictionaries, of `benchmarks.almost_symmetric`.
        about: Dictionary, of the machine.
    """
    shares = ", ".join(f"{share:g}" for share in STRENGTHS)
    text = (
        f"One training with the strengths {shares} at once, by "
        f"`sc.networks.StrengthSearch`, on {TRAINED:,} digits for {EPOCHS} epochs, or "
        f"{FRAMES} frames of smoke for {FRAMES_EPOCHS}: the "
        "strength that is chosen on images that none learnt from, of digits rotated as "
        "in tests, of others a tenth of those to train on; how it is in tests, and "
        "the best and worst of all in tests, in the same training; and the "
        "best of trainings of one strength each, of one seed, where there are some "
        "([table](almost_symmetric.md)). Accuracies, and of plumes the error relative "
        "to that of predicting no change. The last column is the time of a step beside "
        "that of one strength alone, medians of steps that take turns."
    )
    heads = ["method", "task", "seed", "chosen", "test", "best", "worst", "alone"]
    cases = dict.fromkeys(tuple(row[name] for name in KEY[:3]) for row in rows)
    lines = [line(case, rows, single) for case in cases]
    sections = [("Strengths", [], [*heads, "time"], lines)]
    return measured_pages.page("Several strengths at once", about, text, sections)


def line(case, rows, single) -> list[str]:
    """The line of a run."""
    method, task, seed = case
    kept = [row for row in rows if tuple(row[name] for name in KEY[:3]) == case]
    (chosen,) = (row for row in kept if row["chosen"])
    labels = bool(TASKS[task].classes)
    best, worst = (max, min) if labels else (min, max)
    of_tests = [row["test"] for row in kept]
    field = "accuracy" if labels else "error"
    alone = [
        row[field]
        for row in single
        if (row["method"], row["task"], row["seed"]) == (method, task, seed)
        and row["strength"] in SHARES
        and (row["train_size"], row["epochs"]) == sizes(TASKS[task])
    ]

    def shown(value):
        return f"{value:.1%}" if labels else f"{value:.3f}"

    return [
        *(method, task, str(seed), f"{chosen['strength']:g}"),
        *map(shown, (chosen["test"], best(of_tests), worst(of_tests))),
        f"{shown(best(alone))} of {len(alone)}" if alone else "–",
        f"{chosen['seconds'] / chosen['single_seconds']:.2f}",
    ]


if __name__ == "__main__":
    main()
