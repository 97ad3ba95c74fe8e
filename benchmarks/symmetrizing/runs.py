"""Trains a network, what is made of it, and tests both: each run a line of a CSV."""

import csv
import math
import pathlib

import keras
from rich.console import Console

import symclone_tf as sc
from benchmarks.relax_time.training import Shuffled
from benchmarks.symmetrizing.methods import METHODS, tested, transformed
from benchmarks.tasks import digits

KEY = ("data", "method", "seed", "epochs")
FIELDS = (*KEY, "weights", "upright", "transformed")
DATA, GROUP, IMAGES, FIRST_EPOCHS = "MNIST", "c4", 10_000, 6
# After how many further epochs networks are tested.
EPOCHS = (0, 1, 3, 8)
RATE, BATCH, EVALUATED = 1e-3, 64, 250
# Of the transformations of test images.
TESTED_SEED = 2024


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    file = pathlib.Path(file)
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            {
                **row,
                **{name: int(row[name]) for name in ("seed", "epochs", "weights")},
                **{name: float(row[name]) for name in ("upright", "transformed")},
            }
            for row in csv.DictReader(stream)
        ]


def append(file, row) -> None:
    """Adds a line to the table."""
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if new:
            lines.writeheader()
        lines.writerow(row)


class Study:
    """All that begins with one network of upright digits.

    Args:
        file: `pathlib.Path`, of the table.
        seed: Integer.
        titles: Which methods are wanted, of `METHODS`.
    """

    def __init__(self, file, seed, titles):
        self.file, self.seed = file, seed
        done = {tuple(row[name] for name in KEY) for row in read_rows(file)}
        last = EPOCHS[-1]
        wanted = [title for title in titles if self._key(title, last) not in done]
        self.missing = [METHODS[title] for title in wanted]
        self.done = done

    def _key(self, title, epochs):
        return DATA, title, self.seed, epochs

    def run(self) -> None:
        """Runs what is missing."""
        if not self.missing:
            return
        self.train = _with_channels(*digits("train", IMAGES))
        x, y = _with_channels(*digits("test"))
        self.test = {"upright": (x, y)}
        self.test["transformed"] = transformed(x, GROUP, TESTED_SEED), y
        keras.utils.set_random_seed(self.seed)
        model = sc.experiments.image_network(
            "cnn", GROUP, 10, 28, seed=self.seed, width=1.6
        )
        self._fit(model, self.train[0], FIRST_EPOCHS, 0)
        for method in self.missing:
            self._run(method, method.make(model, GROUP))

    def _run(self, method, model):
        done = 0
        for epochs in EPOCHS:
            for epoch in range(done, epochs):
                images = self.train[0]
                if method.augmented:
                    images = transformed(images, GROUP, [self.seed, epoch])
                self._fit(model, images, 1, FIRST_EPOCHS + epoch)
            done = epochs
            if epochs or method.untrained:
                self._write(method, epochs, model)

    def _fit(self, model, images, epochs, first):
        """Trains for some epochs, with an optimizer that goes on."""
        if not model.compiled:  # what is made of a compiled one is
            model.compile(
                keras.optimizers.Adam(RATE),
                "sparse_categorical_crossentropy",
                metrics=["accuracy"],
                jit_compile=False,
            )
        model.fit(
            Shuffled(images, self.train[1], 1000 * self.seed + first),
            epochs=epochs,
            shuffle=False,
            verbose=0,
        )

    def _write(self, method, epochs, model):
        key = self._key(method.title, epochs)
        if key in self.done:
            return
        found = {
            name: round(self._accuracy(tested(model, method, x, GROUP), x, y), 5)
            for name, (x, y) in self.test.items()
        }
        weights = sum(math.prod(w.shape) for w in model.trainable_weights)
        append(self.file, dict(zip(KEY, key)) | {"weights": weights} | found)
        Console(stderr=True).print(f"{key}: {found}")

    def _accuracy(self, model, x, y) -> float:
        classes = model.predict(x, EVALUATED, verbose=0).argmax(axis=-1)
        return float((classes == y).mean())


def _with_channels(images, labels):
    return images[..., None], labels
