"""All runs that begin with one CNN, each a line of a CSV."""

import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.relax_time.data import Images
from benchmarks.relax_time.networks import (
    GOES_ON,
    MLP,
    PER_PIXEL,
    STOPPED,
    cnn,
    mlp,
)
from benchmarks.relax_time.rows import KEY, append, keep_where, read_rows, study_of
from benchmarks.relax_time.training import (
    EVALUATED,
    LENGTHS,
    RATES,
    train,
    train_until_it_stops,
)

# Number of test images for equivariance errors.
WATCHED = 16


class Study:
    """All runs that begin with one CNN.

    Args:
        file: `pathlib.Path`, of the table.
        data: String, see `data.DATA`.
        size: Integer, how many images, of `LENGTHS`.
        seed: Integer.
        networks: Which are wanted, of `TITLES`.
    """

    def __init__(self, file, data, size, seed, networks):
        self.file, self.data, self.size, self.seed = file, data, size, seed
        self.length = LENGTHS[size]
        done = {tuple(row[name] for name in KEY) for row in read_rows(file)}
        self.missing = [title for title in networks if self._key(title) not in done]

    def _key(self, title):
        return self.data, self.size, title, self.seed

    def run(self) -> None:
        """Runs what is missing."""
        if not self.missing:
            return
        self.images = Images.read(self.data, self.size)
        shape = self.images.test[0].shape[1:]
        if set(self.missing) - {MLP}:
            self._run_from(cnn(shape, self.seed))
        if MLP in self.missing:
            model = mlp(self.data, shape, self.seed)
            course = train_until_it_stops(model, self.images, self.seed, self.length)
            self._write(MLP, model, course)

    def _run_from(self, model):
        """Trains the CNN, and each network that begins with it."""
        course = train_until_it_stops(model, self.images, self.seed, self.length)
        if STOPPED in self.missing:
            self._write(STOPPED, model, course)
        weights = model.get_weights()
        for title, further in GOES_ON.items():
            if title in self.missing:
                model.set_weights(weights)
                network = further(model)
                course = train(
                    network,
                    self.images,
                    self.seed,
                    RATES[-1],
                    self.length.further,
                )
                self._write(title, network, course)

    def _write(self, title, model, course):
        """Adds a run, of a network with its best weights, to the table."""
        accuracy = self._accuracy(model)
        first = self.seed == 0  # errors and deviations of one seed are enough
        errors = self._errors(model) if first and title != MLP else {}
        if first and title == PER_PIXEL:
            self._keep_where(model)
        model.set_weights(course.last)
        found = {
            "epochs": len(course.seconds),
            "best_epoch": course.best_epoch,
            "weights": _weights(model),
            "held_out_loss": round(course.loss, 5),
            "accuracy": round(accuracy, 5),
            "last_accuracy": round(self._accuracy(model), 5),
            # Other work on the machine slows some epochs, and hastens none.
            "seconds_per_epoch": round(min(course.seconds), 3),
            "errors": " ".join(f"{error:.2g}" for error in errors.values()),
        }
        append(self.file, dict(zip(KEY, self._key(title))) | found)
        Console(stderr=True).print(f"{self._key(title)}: {accuracy:.1%}")

    def _accuracy(self, model) -> float:
        return model.evaluate(*self.images.test, EVALUATED, verbose=0)[1]

    def _errors(self, model) -> dict[str, float]:
        """Each convolution's translation equivariance error."""
        return sc.networks.layer_errors(model, self.images.test[0][:WATCHED], "t2")

    def _keep_where(self, model):
        norms = sc.studies.position_deviations(model)
        maps = {name: np.round(each, 4).tolist() for name, each in norms.items()}
        keep_where(self.file, study_of(self.data, self.size), maps)


def _weights(model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
