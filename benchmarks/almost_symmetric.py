"""Keeping and breaking, by every method: `python -m benchmarks.almost_symmetric`.

Trains the MNIST network under C4 with the convolutions of each method, over the
strengths of what holds them, on *invariance* and on *breaking*. Every run is a line of
a CSV at once, and started again it goes on after the last. MNIST has to be there, or to
be had.
"""

import argparse
import csv
import dataclasses
import functools
import math
import pathlib
import statistics
import time

import keras
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.peers import PEERS
from symclone_tf.figures.style import COLOURS, new_figure, styled

GROUP = "c4"
TASKS = ("invariance", "breaking")
LAST = "frozen,frozen,frozen,anchored"


@dataclasses.dataclass(frozen=True)
class Method:
    """A kind of convolutions, and the strengths that it is tried with.

    Attributes:
        title: String, as tables and the figure show it.
        strengths: Tuple of floats; empty where there is nothing to choose.
        clones: Dictionary, options of `Experiment`, for clones.
        peer: String, of `PEERS`; or `None`.
        pooling: String, the anchor of a pooling that may weigh the group's
            elements, behind group convolutions; or `None`.
    """

    title: str
    strengths: tuple[float, ...] = ()
    clones: dict | None = None
    peer: str | None = None
    pooling: str | None = None

    def network(self, task, strength, seed, clones) -> keras.Model:
        """The network, not yet trained."""
        classes = {"invariance": 10, "breaking": 20}[task]
        options = {"group": GROUP, "classes": classes, "seed": seed}
        if self.peer:
            layer = functools.partial(PEERS[self.peer], strength=strength)
            return sc.experiments.mnist_network(layer, **options)
        if self.pooling:
            return _weighing(self.pooling, strength, **options)
        if self.clones is None:
            return sc.experiments.mnist_network(self.title, **options)
        held = dict(self.clones)
        if self.strengths:
            held["anchor_strength"] = strength
        experiment = sc.experiments.Experiment("cloned", GROUP, student="local", **held)
        students = sc.experiments.find_or_clone(experiment, clones, verbose=0)
        return sc.experiments.mnist_network(
            "cloned", students=students, **options, **held
        )


def _weighing(anchor, strength, **options) -> keras.Model:
    """Group convolutions, and a pooling that may weigh the group's elements."""
    exact = sc.experiments.mnist_network("gcnn", **options)
    held = {"anchor": anchor, "anchor_strength": strength}
    pooling = sc.layers.GroupPooling("anchored", **held)
    layers = []
    for layer in exact.layers:
        if isinstance(layer, keras.layers.GlobalAveragePooling3D):
            layers += [pooling, keras.layers.GlobalAveragePooling2D("channels_last")]
        else:
            layers.append(layer)
    return keras.Sequential([keras.Input(exact.input_shape[1:]), *layers])


def _held(anchor, symmetry="anchored", moves="all"):
    return {"symmetry": symmetry, "anchor": anchor, "moves": moves}


METHODS = (
    Method("mlp"),
    Method("cnn"),
    Method("gcnn"),
    Method("clones, frozen", clones={"symmetry": "frozen"}),
    Method("clones, trainable", clones={"symmetry": "trainable"}),
    Method("clones, kl", (1e2, 1e3, 1e4), _held("kl")),
    Method("clones, decay", (10.0, 30.0, 100.0, 300.0), _held("decay")),
    Method(
        "clones, decay, encoders",
        (30.0, 100.0, 300.0),
        _held("decay", moves="encoder"),
    ),
    Method(
        "clones, decay, last encoder",
        (0.1, 15.0, 30.0, 45.0, 60.0, 100.0),
        _held("decay", LAST, "encoder"),
    ),
    Method(
        "clones, threshold, last encoder",
        (0.1, 0.3, 0.5, 1.0),
        _held("threshold", LAST, "encoder"),
    ),
    Method("gcnn, pooling, decay", (0.1, 10.0, 30.0, 100.0), pooling="decay"),
    Method("gcnn, pooling, threshold", (0.1, 0.2, 0.3, 0.5), pooling="threshold"),
    Method("rpp", (1e-6, 1e-5, 1e-4, 1e-3), peer="rpp"),
    Method("relaxed rotation", (0.0, 1e-3, 1e-2, 1e-1), peer="relaxed rotation"),
    Method("relaxed translation", (0.0, 1e-1, 1.0), peer="relaxed translation"),
    Method("position bias", (0.0, 1e-3, 1e-2), peer="position bias"),
    Method("untied", (0.0, 1e-4, 1e-3, 1e-2), peer="untied"),
)
FIELDS = (
    *("method", "strength", "task", "seed", "train_size", "epochs", "accuracy"),
    *("upright_accuracy", "weights", "seconds_per_epoch"),
)


def main():
    """Runs what has not been run, and writes the table, the picture and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", default="benchmarks/results/almost_symmetric", type=pathlib.Path
    )
    parser.add_argument("--clones", default="exported")
    parser.add_argument("--seeds", default=[0], type=int, nargs="+")
    parser.add_argument("--train-size", default=10_000, type=int)
    parser.add_argument("--epochs", default=8, type=int)
    parser.add_argument("--methods", nargs="+", choices=[m.title for m in METHODS])
    arguments = parser.parse_args()
    file = arguments.output.with_suffix(".csv")
    file.parent.mkdir(parents=True, exist_ok=True)
    sizes = {"train_size": arguments.train_size, "epochs": arguments.epochs}
    for seed in arguments.seeds:
        for method in METHODS:
            if arguments.methods is None or method.title in arguments.methods:
                for strength in method.strengths or (None,):
                    for task in TASKS:
                        key = (method.title, strength, task, seed)
                        run_once(file, method, key, arguments.clones, **sizes)
    write_report(file)


def run_once(file, method, key, clones, train_size, epochs) -> None:
    """Adds a run to the table, if it is not there."""
    wanted = (*key, train_size, epochs)
    if wanted in {tuple(row[name] for name in FIELDS[:6]) for row in read(file)}:
        return
    Console(stderr=True).print("{}, {}, {}, seed {} …".format(*key))
    row = dict(zip(FIELDS, wanted)) | run(method, *key[1:], clones, train_size, epochs)
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if new:
            lines.writeheader()
        lines.writerow(row)


def run(method, strength, task, seed, clones, train_size, epochs) -> dict:
    """Trains once, and measures."""
    digits = functools.partial(
        sc.experiments.mnist_task, task, GROUP, batch_size=64, seed=seed
    )
    model = method.network(task, strength, seed, clones)
    model.compile(
        keras.optimizers.AdamW(1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    data = digits("train", size=train_size)
    start = time.perf_counter()
    model.fit(data, epochs=epochs, shuffle=False, verbose=0)
    seconds = time.perf_counter() - start
    upright = ""
    if task == "invariance":
        upright = model.evaluate(digits("test", moved=False), verbose=0)[1]
    anchors = sum(
        math.prod(anchor.shape)
        for layer in sc.layers.convolution_layers(model)
        for anchor in getattr(layer, "anchors", ())
    )
    return {
        "accuracy": model.evaluate(digits("test"), verbose=0)[1],
        "upright_accuracy": upright,
        "weights": model.count_params() - anchors,
        "seconds_per_epoch": round(seconds / epochs, 2),
    }


def read(file) -> list[dict]:
    """The runs of a table."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [_parsed(row) for row in csv.DictReader(stream)]


def _parsed(row) -> dict:
    numbers = {
        name: float(value) if value else None
        for name, value in row.items()
        if name not in ("method", "task")
    }
    whole = ("seed", "train_size", "epochs", "weights")
    return {**row, **numbers, **{name: int(numbers[name]) for name in whole}}


@dataclasses.dataclass(frozen=True)
class Point:
    """What a method gets with a strength: accuracies of all seeds, and weights."""

    method: str
    strength: float | None
    invariance: tuple[float, ...]
    breaking: tuple[float, ...]
    upright: tuple[float, ...]
    weights: int

    @property
    def smaller(self) -> float:
        """The smaller of both mean accuracies, by which knees are judged."""
        return min(statistics.mean(self.invariance), statistics.mean(self.breaking))


def points(rows) -> list[Point]:
    """The runs of a table by method and strength, of both tasks."""
    found = {}
    for row in rows:
        kept = found.setdefault((row["method"], row["strength"]), {})
        kept.setdefault(row["task"], []).append(row)
    return [
        Point(
            method,
            strength,
            *(tuple(row["accuracy"] for row in kept[task]) for task in TASKS),
            tuple(row["upright_accuracy"] for row in kept["invariance"]),
            kept["invariance"][0]["weights"],
        )
        for (method, strength), kept in found.items()
        if set(kept) == set(TASKS)
    ]


def knees(found) -> dict[str, Point]:
    """The strength of each method with the largest smaller accuracy."""
    best = {}
    for point in found:
        if point.method not in best or point.smaller > best[point.method].smaller:
            best[point.method] = point
    return best


@styled
def draw_frontier(found):
    """Accuracy on invariance against accuracy on breaking, a curve a method."""
    figure = new_figure(4.2)
    axes = figure.subplots()
    methods = dict.fromkeys(point.method for point in found)
    for number, method in enumerate(methods):
        mine = [point for point in found if point.method == method]
        mine.sort(key=lambda point: point.strength or 0)
        axes.plot(
            [statistics.mean(point.invariance) for point in mine],
            [statistics.mean(point.breaking) for point in mine],
            "o-" if method.startswith("clones") else "s--",
            color=COLOURS[number % len(COLOURS)],
            label=method,
        )
    axes.plot([0, 1], [0, 1], ":", color="0.7", linewidth=0.5)
    axes.set(xlim=(0.3, 1), ylim=(0.4, 1))
    axes.set(xlabel="accuracy on invariance", ylabel="accuracy on breaking")
    axes.grid(visible=True)
    figure.legend(loc="outside right upper")
    return figure


def write_report(file) -> None:
    """Writes the picture and the page beside the table."""
    rows = read(file)
    sizes = {(row["train_size"], row["epochs"]) for row in rows}
    for size in sizes:
        mine = [row for row in rows if (row["train_size"], row["epochs"]) == size]
        stem = f"{file.stem}-{size[0]}"
        figure = draw_frontier(points(mine))
        sc.figures.save_figure(figure, file.with_name(f"{stem}.svg"))
        page = report(mine, machine())
        file.with_name(f"{stem}.md").write_text(page, encoding="utf-8")


def report(rows, about) -> str:
    """The Markdown page."""
    found = points(rows)
    best = knees(found)
    counts = f"{rows[0]['epochs']} epochs of {rows[0]['train_size']:,} digits"
    lines = [
        "# Almost symmetric",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}.",
        "",
        f"The MNIST network under C4, {counts}: accuracy on turned digits after "
        "training on upright ones (*invariance*), on these upright ones, and on "
        "telling which half of the turns digits went through (*breaking*); mean and "
        "standard "
        "deviation of the seeds. Bold: the knee of a method, its largest value of the "
        "smaller of *invariance* and *breaking*.",
        "",
        "| method | strength | seeds | weights | invariance | upright | breaking |",
        "|---|" + "---:|" * 6,
    ]
    for point in found:
        bold = "**" if best[point.method] == point else ""
        cells = [
            point.method,
            "–" if point.strength is None else f"{point.strength:g}",
            str(len(point.invariance)),
            f"{point.weights:,}",
            f"{bold}{_spread(point.invariance)}{bold}",
            _spread(point.upright),
            f"{bold}{_spread(point.breaking)}{bold}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _spread(values) -> str:
    text = f"{statistics.mean(values):.1%}"
    return text + (f" ± {statistics.stdev(values):.1%}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
