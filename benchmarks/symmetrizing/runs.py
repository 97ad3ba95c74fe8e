"""Trains a network, what is made of it, and tests both: each run a line of a CSV."""

import keras
from rich.console import Console

from benchmarks import csv_rows
from benchmarks.any_angle.networks import weights
from benchmarks.relax_time.training import Shuffled
from benchmarks.symmetrizing.methods import METHODS, transformed

KEY = ("data", "method", "seed", "epochs")
FIELDS = (*KEY, "weights", "as_they_are", "transformed")
# Shares of the epochs before, after which networks are tested that go on.
MORE = (0, 0.2, 0.5, 1.3)
RATE, BATCH, EVALUATED = 1e-3, 64, 250
# Of the transformations of test images.
TESTED_SEED = 2024


def more_epochs(epochs) -> list[int]:
    """After how many further epochs networks are tested.

    >>> more_epochs(6), more_epochs(40)
    ([0, 1, 3, 8], [0, 8, 20, 52])
    """
    return [round(share * epochs) for share in MORE]


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    return csv_rows.read(file, ("seed", "epochs", "weights"), FIELDS[-2:])


class Study:
    """All that begins with one network.

    Args:
        file: `pathlib.Path`, of the table.
        data: `Data`.
        seed: Integer.
        titles: Which methods are wanted, of `METHODS`.
    """

    def __init__(self, file, data, seed, titles):
        self.file, self.data, self.seed = file, data, seed
        self.more = more_epochs(data.epochs)
        self.done = {tuple(row[name] for name in KEY) for row in read_rows(file)}
        self.missing = [
            METHODS[title]
            for title in titles
            if self._key(title, self.more[-1]) not in self.done
        ]

    def _key(self, title, epochs):
        return self.data.title, title, self.seed, epochs

    def run(self) -> None:
        """Runs what is missing."""
        if not self.missing:
            return
        model = self.trained()
        for method in self.missing:
            self._run(method, method.make(model, self.data.group))

    def trained(self) -> keras.Model:
        """Reads the images, and trains the network that all begins with."""
        group = self.data.group
        self.train = self.data.train(self.seed)
        _, (x, y) = self.data.read()
        self.test = {"as_they_are": (x, y)}
        self.test["transformed"] = transformed(x, group, TESTED_SEED), y
        keras.utils.set_random_seed(self.seed)
        model = self.data.make(self.seed)
        model.compile(
            keras.optimizers.Adam(RATE),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        self._fit(model, self.train[0], self.data.epochs, 0)
        return model

    def _run(self, method, model):
        if not model.compiled:
            model.compile(
                keras.optimizers.Adam(RATE),
                "sparse_categorical_crossentropy",
                jit_compile=False,
            )
        done = 0
        for epochs in self.more:
            for epoch in range(done, epochs):
                images = self.train[0]
                if method.augment:
                    seed = [self.seed, epoch]
                    images = method.augment(images, self.data.group, seed)
                self._fit(model, images, 1, self.data.epochs + epoch)
            done = epochs
            self._write(method, epochs, model)

    def _fit(self, model, images, epochs, first):
        """Trains for some epochs, with an optimizer that goes on."""
        batches = Shuffled(images, self.train[1], 1000 * self.seed + first)
        model.fit(batches, epochs=epochs, shuffle=False, verbose=0)

    def _write(self, method, epochs, model):
        key = self._key(method.title, epochs)
        if key in self.done:
            return
        tested = method.tested(model, self.data.group)
        found = {
            name: round(_accuracy(tested, x, y), 5)
            for name, (x, y) in self.test.items()
        }
        row = dict(zip(KEY, key)) | {"weights": weights(model)} | found
        csv_rows.append(self.file, row, FIELDS)
        Console(stderr=True).print(f"{key}: {found}")


def _accuracy(model, x, y) -> float:
    classes = model.predict(x, EVALUATED, verbose=0).argmax(axis=-1)
    return float((classes == y).mean())
