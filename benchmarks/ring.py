"""Signals on a ring with a defect at one position: `python -m benchmarks.ring`.

Positions on a ring exchange heat with their neighbours, except for one that is
insulated. Networks learn the change of the temperatures: an MLP, layers that are
exactly equivariant to rotations of the ring, and clones of them that may break this
symmetry.
"""

import argparse
import copy
import csv
import pathlib
import statistics
import time

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from symclone_tf.figures.style import COLOURS, new_figure, styled
from symclone_tf.symmetry import cyclic

POSITIONS, DEFECT = 24, 7
WIDTH, RATE, BATCH = 32, 5e-3, 32
MLP, EXACT = "MLP", "exact layers"
# Options of each of two layers of clones.
FROZEN, FREE = {"symmetry": "frozen"}, {"symmetry": "trainable"}
HELD = {"symmetry": "anchored", "anchor": "proximal", "anchor_strength": 0.5}
AUGMENTED = {"symmetry": "anchored", "anchor": "transformed-inputs"}
CLONES = {
    "clones, frozen": (FROZEN, FROZEN),
    "clones, trainable": (FREE, FREE),
    "last clone trainable": (FROZEN, FREE),
    "last clone anchored, transformed inputs 0.2": (FROZEN, AUGMENTED),
    "last clone anchored, proximal 0.5": (FROZEN, HELD),
}
NETWORKS = (MLP, EXACT, *CLONES)
# Positions at which the defect changes the exchange of heat.
NEAR = np.isin(np.arange(POSITIONS), (DEFECT - 1, DEFECT, DEFECT + 1))
NUMBERS = ("weights", "elsewhere", "near", "equivariance_error", "seconds")
BY_POSITION = ("errors", "moved")


def main():
    """Trains every network with every seed, and writes table, page and figure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--train-size", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in chosen.seeds:
        for network in NETWORKS:
            Console(stderr=True).print(f"{network}, seed {seed} …")
            rows.append(run(network, seed, chosen.train_size, chosen.epochs))
    write(rows, chosen.output / "ring.csv")


def write(rows, file) -> None:
    """Writes the table, and the page and the figure that are made from it."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    rows = read(file)
    sc.figures.save_figure(draw(rows), file.with_suffix(".svg"))
    text = report(rows, machine())
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def read(file) -> list[dict]:
    """The rows of a table, with numbers, and arrays for values by position."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            {
                **row,
                **{name: float(row[name]) for name in NUMBERS},
                **{name: np.array(row[name].split(), float) for name in BY_POSITION},
            }
            for row in csv.DictReader(stream)
        ]


def signals(rng, count):
    """Temperatures of a ring, and how much each position gains in a step.

    Args:
        rng: `numpy.random.Generator`.
        count: Integer.

    Returns:
        Pair of arrays of shape `(count, positions, 1)`.
    """
    before = rng.normal(size=(count, POSITIONS)).astype("float32")
    # Heat that flows from the next position, which saturates.
    flow = np.tanh(2 * (np.roll(before, -1, axis=1) - before))
    flow[:, [DEFECT - 1, DEFECT]] = 0
    gained = flow - np.roll(flow, 1, axis=1)
    return before[..., None], gained[..., None]


def make(network) -> keras.Model:
    """A network of two layers."""
    layers, group = keras.layers, cyclic(POSITIONS)
    if network == MLP:
        body = [
            layers.Flatten(),
            layers.Dense(WIDTH * POSITIONS, "relu"),
            layers.Dense(POSITIONS),
            layers.Reshape((POSITIONS, 1)),
        ]
    elif network == EXACT:
        exact = sc.layers.OrbitDense
        body = [exact(WIDTH, group, activation="relu"), exact(1, group)]
    else:
        student, _ = sc.clone(sc.OrbitTeacher(group), solver="closed-form", verbose=0)
        first, last = CLONES[network]
        cloned = sc.layers.Cloned
        body = [
            cloned(WIDTH, copy.deepcopy(student), activation="relu", **first),
            cloned(1, copy.deepcopy(student), **last),
        ]
    return keras.Sequential([keras.Input((POSITIONS, 1)), *body])


def run(network, seed, train_size, epochs) -> dict:
    """Trains a network, and measures it on fresh signals.

    Returns:
        Dictionary, a row: errors are mean squares relative to those of the targets;
        `moved` is the deviation of the last layer, by position.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = signals(rng, train_size)
    fresh, expected = signals(rng, 2000)
    keras.utils.set_random_seed(seed)
    model = make(network)
    steps = epochs * -(-train_size // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    model.compile(keras.optimizers.Adam(rate), "mse")
    start = time.perf_counter()
    model.fit(inputs, targets, batch_size=BATCH, epochs=epochs, verbose=0)
    seconds = time.perf_counter() - start
    wrong = np.square(model.predict(fresh, verbose=0) - expected)
    errors = wrong.mean(axis=0)[:, 0] / np.mean(np.square(expected))
    last = model.layers[-1]
    anchored = bool(getattr(last, "anchors", ()))
    moved = last.deviation().positions if anchored else []
    weights = sum(w.shape.num_elements() for w in _used(model))
    error = sc.equivariance_error(model, cyclic(POSITIONS), fresh[:64])
    return {
        "network": network,
        "seed": seed,
        "train_size": train_size,
        "epochs": epochs,
        "weights": weights,
        "elsewhere": errors[~NEAR].mean(),
        "near": errors[NEAR].mean(),
        "equivariance_error": error,
        "seconds": round(seconds, 1),
        "errors": " ".join(f"{value:.3g}" for value in errors),
        "moved": " ".join(f"{value:.3g}" for value in moved),
    }


def _used(model):
    """The weights that a model computes with, without its anchors."""
    return [w for w in model.weights if "anchor" not in w.name and "seed" not in w.name]


def by_network(rows) -> dict[str, list[dict]]:
    """Rows by the network: all seeds."""
    found = {}
    for row in rows:
        found.setdefault(row["network"], []).append(row)
    return found


def cells(kept) -> list[str]:
    """A row of the table, without the name of the network."""
    weights = f"{int(kept[0]['weights']):,}"
    errors = [spread([row[name] for row in kept]) for name in ("elsewhere", "near")]
    error = statistics.mean(row["equivariance_error"] for row in kept)
    return [weights, *errors, f"{error:.2f}" if error > 0.005 else f"{error:.0e}"]


def spread(values) -> str:
    """Mean and standard deviation."""
    mean = f"{statistics.mean(values):.2%}"
    return f"{mean} ± {statistics.stdev(values):.2%}" if len(values) > 1 else mean


def report(rows, about) -> str:
    """The Markdown page."""
    first = rows[0]
    lines = [
        "# A ring with a defect",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times.",
        "",
        f"{POSITIONS} positions exchange heat with their neighbours, except for "
        f"position {DEFECT}, which is insulated. Networks of two layers, the first "
        f"with {WIDTH} channels, learn what each gains from {first['train_size']} "
        f"signals in {first['epochs']} epochs. Mean squared errors on 2,000 others, "
        "relative to the targets' mean square, at and next to the defect and "
        "elsewhere; mean ± "
        f"standard deviation of {len({row['seed'] for row in rows})} seeds.",
        "",
        "| network | weights | elsewhere | at the defect | equivariance error |",
        "|---|---:|---:|---:|---:|",
    ]
    for network, kept in by_network(rows).items():
        lines.append(f"| {' | '.join([network, *cells(kept)])} |")
    minutes = sum(row["seconds"] for row in rows) / 60
    lines += ["", f"All trainings took {minutes:.1f} minutes.", ""]
    return "\n".join(lines)


@styled
def draw(rows):
    """Errors by position, and where clones deviate from the symmetry.

    Args:
        rows: List of dictionaries, see `read`.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure = new_figure(2.6)
    left, right = figure.subplots(1, 2)
    positions = np.arange(POSITIONS)
    for number, (network, kept) in enumerate(by_network(rows).items()):
        colour = COLOURS[number % len(COLOURS)]
        errors = np.mean([row["errors"] for row in kept], axis=0)
        # Frozen clones compute the same as exact layers, and would hide them.
        style = "o--" if network == "clones, frozen" else "o-"
        left.plot(positions, errors, style, color=colour, label=network)
        moved = [row["moved"] for row in kept if len(row["moved"])]
        if moved:
            right.plot(positions, np.mean(moved, axis=0), "o-", color=colour)
    left.set(yscale="log", ylabel="error, relative")
    right.set(ylabel="deviation of the last layer", ylim=(0, None))
    for axes in (left, right):
        axes.axvline(DEFECT, color="0.8", zorder=0)
        axes.set(xlabel="position on the ring")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


if __name__ == "__main__":
    main()
