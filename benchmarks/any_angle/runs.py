"""Trains the networks of a study, each run a line of a CSV."""

import math
import time

import keras
import numpy as np
from rich.console import Console

from benchmarks.any_angle.layout import BATCH, RATE
from benchmarks.any_angle.networks import weights
from benchmarks.any_angle.rows import KEY, append, read_rows
from benchmarks.relax_time.training import Shuffled

EVALUATED = 250


class Seconds(keras.callbacks.Callback):
    """The seconds that cores spent on each epoch, so that other work counts little."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(time.process_time() - self.began)


def run(study, images, seed, file, titles=None) -> None:
    """Trains what the table lacks.

    Args:
        study: `Study`.
        images: Integer, how many are trained on.
        seed: Integer.
        file: `pathlib.Path`, of the table.
        titles: Which networks are wanted; `None` for all.
    """
    done = {tuple(row[name] for name in KEY) for row in read_rows(file)}
    arrays = None
    for network in study.networks:
        key = study.data, images, network.title, seed
        if key in done or (titles is not None and network.title not in titles):
            continue
        arrays = arrays or study.read()
        (x, y), test = arrays
        if images < len(x):  # another sample with each seed
            chosen = np.random.default_rng(seed).permutation(len(x))[:images]
            x, y = x[chosen], y[chosen]
        model = network.make(x.shape[1:], study.classes, seed, study.pooling)
        epochs = study.epochs[images]
        seconds = train(model, x, y, seed, epochs)
        accuracy = model.evaluate(*test, EVALUATED, verbose=0)[1]
        row = {
            **dict(zip(KEY, key)),
            "epochs": epochs,
            "weights": weights(model),
            "accuracy": round(accuracy, 5),
            # Other work on the machine slows some epochs, and hastens none.
            "seconds_per_epoch": round(min(seconds), 3),
        }
        append(file, row)
        Console(stderr=True).print(f"{key}: {accuracy:.2%}")


def train(model, x, y, seed, epochs) -> list[float]:
    """Trains a network with Adam at a rate that falls to 0 along a cosine.

    Args:
        model: `keras.Model`, is compiled.
        x: Array, images.
        y: Array, labels.
        seed: Integer, of the images' order.
        epochs: Integer.

    Returns:
        List of floats, the seconds of one core in each epoch.
    """
    steps = epochs * math.ceil(len(x) / BATCH)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    seconds = Seconds()
    model.fit(
        Shuffled(x, y, seed),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[seconds],
    )
    return seconds.found
