"""Runs of methods on tasks, each a line of a CSV."""

import csv
import math
import time

import keras
from rich.console import Console

import symclone_tf as sc
from benchmarks.almost_symmetric.methods import METHODS, REGULARISED, trained
from benchmarks.almost_symmetric.rows import FIELDS, KEY, key_of, read
from benchmarks.tasks import TASKS


def run_once(file, key, clones="exported") -> None:
    """Adds a run to the table, if it is not there, or was not validated and can be.

    Args:
        file: Path, of the CSV.
        key: Tuple, the values of `KEY`.
        clones: String or path, the root of all clones.
    """
    rows = {key_of(row): row for row in read(file)}
    if key in rows:
        method, _, task, seed, size, _ = key
        validated = rows[key].get("validation_accuracy") is not None
        # Images are opened only where a run might be validated.
        if validated or method not in REGULARISED:
            return
        if TASKS[task].validation(size, seed) is None:
            return
    Console(stderr=True).print("{}, {}, {}, seed {} …".format(*key))
    row = dict(zip(KEY, key)) | run(*key, clones)
    new = not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if new:
            lines.writeheader()
        lines.writerow(row)


def run(method, strength, task, seed, train_size, epochs, clones) -> dict:
    """Trains once, and measures.

    Returns:
        Dictionary, of `FIELDS`: an accuracy for digits; for smoke the root mean
        squared error, relative to that of predicting no change.
    """
    keras.utils.set_random_seed(seed)
    (method,) = (m for m in METHODS if m.title == method)
    task = TASKS[task]
    model = method.network(task, strength, seed, clones)
    start = time.perf_counter()
    trained(method, model, task.data("train", train_size, seed), strength, epochs)
    seconds = time.perf_counter() - start
    test = task.data("test", None, seed)
    found = model.evaluate(test, verbose=0)[1]
    upright = None
    if task.name == "invariance":
        upright = model.evaluate(
            task.data("test", None, seed, transformed=False), verbose=0
        )
    validation = task.validation(train_size, seed)
    anchors = sum(
        math.prod(anchor.shape)
        for layer in sc.networks.convolution_layers(model)
        for anchor in getattr(layer, "anchors", ())
    )
    return {
        "accuracy": found if task.classes else None,
        "upright_accuracy": upright and upright[1],
        "error": None if task.classes else found / unchanged(test),
        "weights": model.count_params() - anchors,
        "seconds_per_epoch": round(seconds / epochs, 2),
        "validation_accuracy": validation
        and round(model.evaluate(validation, verbose=0)[1], 5),
    }


def unchanged(data) -> float:
    """The root mean squared error of predicting that nothing changes."""
    metric = keras.metrics.RootMeanSquaredError()
    for frames, following in data:
        metric.update_state(following, frames)
    return float(metric.result())
