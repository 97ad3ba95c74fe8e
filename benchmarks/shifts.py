"""How the CNN for MNIST reacts to translations: `python -m benchmarks.shifts`.

Convolutions are translation equivariant, and yet the network's outputs change when
digits are translated, because of its borders and its poolings. MNIST has to be there,
or to be downloaded.
"""

import argparse
import itertools
import pathlib

import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.result_files import write_results
from symclone_tf.experiments import TASKS
from symclone_tf.symmetry import translated

DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))
# On the second, no digit comes near enough to a border for it to matter: half a
# digit is 10 pixels wide, translations are 6, and receptive fields 16.
CANVASES = (40, 56)
MAX_TRANSLATION = 6


def main():
    """Measures everything, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--train-size", default=10_000, type=int)
    parser.add_argument("--epochs", default=8, type=int)
    arguments = parser.parse_args()
    sizes = {"train_size": arguments.train_size, "epochs": arguments.epochs}
    rows = [
        measure(task, canvas, **sizes)
        for canvas, task in itertools.product(CANVASES, TASKS)
    ]
    results = {"machine": machine(), "rows": rows}
    write_results(arguments.output, "shifts", results, report)


def measure(task, canvas, digits=500, **sizes) -> dict:
    """Trains the network, and translates test digits."""
    experiment = sc.experiments.Experiment(
        "cnn", "t2", task, canvas=canvas, max_translation=MAX_TRANSLATION, **sizes
    )
    Console(stderr=True).print(f"{task}, canvas {canvas} …")
    model, metrics = sc.experiments.run_experiment(experiment)
    data = sc.experiments.mnist_task(
        task,
        "t2",
        "test",
        size=digits,
        canvas=canvas,
        max_translation=MAX_TRANSLATION,
        transformed=False,
        batch_size=digits,
    )
    images = next(iter(data))[0].numpy()
    return {
        "task": task,
        "canvas": canvas,
        "accuracy": metrics["accuracy"],
        "changes": changes(lambda x: model.predict(x, verbose=0), images),
    }


def changes(predict, images) -> list[dict]:
    """What translations by 1, 2, … pixels change, mean over four directions.

    `probabilities` is the relative change of all outputs, and `classes` the share
    of images whose largest output changes.
    """
    before = predict(images)
    found = []
    for distance in range(1, MAX_TRANSLATION + 1):
        pairs = []
        for direction in DIRECTIONS:
            after = predict(translated(images, [distance * d for d in direction]))
            change = np.linalg.norm(after - before) / np.linalg.norm(before)
            other = np.argmax(after, axis=1) != np.argmax(before, axis=1)
            pairs.append((change, np.mean(other)))
        probabilities, classes = np.mean(pairs, axis=0).tolist()
        found.append({"probabilities": probabilities, "classes": classes})
    return found


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    distances = [f"{distance} px" for distance in range(1, MAX_TRANSLATION + 1)]
    lines = [
        "# How a CNN reacts to translations",
        "",
        f"Machine: {about}.",
        "",
        "T(2), relative change of the probabilities when test digits are translated "
        "along an axis, and the share of digits whose predicted class changes:",
        "",
        f"| canvas | task | accuracy | {' | '.join(distances)} |",
        f"|---:|---|---:|{'---:|' * len(distances)}",
    ]
    for row in results["rows"]:
        cells = [
            f"{change['probabilities']:.3f}, {change['classes']:.1%}"
            for change in row["changes"]
        ]
        start = f"| {row['canvas']} | {row['task']} | {row['accuracy']:.1%} "
        lines.append(f"{start}| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
