"""All runs that begin with one CNN, each a line of a CSV."""

import csv
import json
import time

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.relax_time.networks import RATE, VARIANTS, cnn, images, mlp
from benchmarks.relax_time.rows import read_beside, read_relax_times, study_of

# Limits the memory of patches to half a gigabyte.
EVALUATED = 250
BATCH = 64
# Number of test images for equivariance errors.
WATCHED = 16
KEY = ("data", "variant", "relaxed_at", "seed", "train_size", "epochs")
FIELDS = (*KEY, "accuracy", "loss", "weights", "seconds_per_epoch", "errors")


class Study:
    """All runs that begin with one CNN.

    Args:
        chosen: Namespace, the options of the command.
        data: String.
        seed: Integer.
    """

    def __init__(self, chosen, data, seed):
        self.file, self.data, self.seed = chosen.output, data, seed
        self.sizes = chosen.train_size, chosen.epochs
        self.times = [time for time in chosen.times if time < chosen.epochs]
        self.variants = [v for v in VARIANTS if v.title in chosen.variants]
        done = {tuple(row[name] for name in KEY) for row in read_relax_times(self.file)}
        wanted = [("cnn", 0), ("mlp", 0)]
        wanted += [(v.title, at) for at in self.times for v in self.variants]
        self.missing = [pair for pair in wanted if self._key(*pair) not in done]

    def _key(self, variant, at):
        return (self.data, variant, at, self.seed, *self.sizes)

    def run(self) -> None:
        """Runs what is missing."""
        if not self.missing:
            return
        self.train = images(self.data, "train", self.sizes[0])
        self.test = images(self.data, "test")
        shape = self.train[0].shape[1:]
        if ("mlp", 0) in self.missing:
            self._finish("mlp", 0, mlp(self.data, shape, self.seed))
        model = cnn(self.data, shape, self.seed)
        kept, start = {}, 0
        # One CNN, interrupted at every relax time, and trained to the end.
        for end in (*self.times, self.sizes[1]):
            seconds = self._fit(model, RATE, start, end)
            kept[end], start = model.get_weights(), end
        if ("cnn", 0) in self.missing:
            self._write("cnn", 0, model, seconds)
        for variant in self.variants:
            for at in self.times:
                if (variant.title, at) in self.missing:
                    begun = cnn(self.data, shape, self.seed)
                    begun.set_weights(kept[at])
                    self._finish(
                        variant.title, at, variant.relaxed(begun), variant.rate
                    )

    def _finish(self, title, at, model, rate=RATE):
        watched = self.seed == 0 and title != "mlp"
        course = [self._errors(model)] if watched else None
        seconds = self._fit(model, rate, at, self.sizes[1], course)
        self._write(title, at, model, seconds)
        if watched:
            _keep(self.file, "errors", self._study, f"{title}, {at}", course)

    @property
    def _study(self):
        return study_of(self.data, *self.sizes)

    def _errors(self, model) -> dict[str, float]:
        """Each convolution's translation equivariance error."""
        found = sc.networks.layer_errors(model, self.test[0][:WATCHED], "t2")
        return {name: float(f"{error:.3g}") for name, error in found.items()}

    def _fit(self, model, rate, start, end, course=None) -> float:
        if not model.compiled:
            model.compile(
                keras.optimizers.AdamW(rate),
                "sparse_categorical_crossentropy",
                metrics=["accuracy"],
                jit_compile=False,
            )
        began = time.perf_counter()
        for epoch in range(start, end):
            order = np.random.default_rng([self.seed, epoch]).permutation(
                len(self.train[0])
            )
            x, y = (array[order] for array in self.train)
            model.fit(x, y, BATCH, shuffle=False, verbose=0)
            if course is not None:
                course.append(self._errors(model))
        return (time.perf_counter() - began) / max(1, end - start)

    def _write(self, title, at, model, seconds):
        loss, accuracy = model.evaluate(*self.test, EVALUATED, verbose=0)
        errors = {} if title == "mlp" else self._errors(model)
        row = dict(zip(KEY, self._key(title, at)))
        row |= {"accuracy": accuracy, "loss": loss, "weights": _weights(model)}
        row["seconds_per_epoch"] = round(seconds, 2)
        row["errors"] = " ".join(f"{error:.2g}" for error in errors.values())
        append(self.file, row)
        Console(stderr=True).print(f"{self._key(title, at)}: {accuracy:.1%}")
        if title == "relaxed" and self.seed == 0:
            norms = sc.studies.position_deviations(model)
            maps = {name: each.round(4).tolist() for name, each in norms.items()}
            _keep(self.file, "where", self._study, str(at), maps)


def _weights(model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def _keep(file, what, study, key, value):
    """Adds deviations by position, or errors by epoch, to a file next to the table."""
    kept = file.with_name(f"{file.stem}-{what}.json")
    found = read_beside(file, what)
    found.setdefault(study, {})[key] = value
    kept.write_text(json.dumps(found) + "\n")


def append(file, row) -> None:
    """Adds a line to the table."""
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if new:
            lines.writeheader()
        lines.writerow(row)
