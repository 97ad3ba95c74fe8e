"""What the MNIST networks cost, and how clones agree: `python -m benchmarks.networks`.

MNIST has to be there, or to be downloaded.
"""

import argparse
import pathlib
import time

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.result_files import write_results
from symclone_tf.experiments import VARIANTS, canvas_and_translation, networks_of

BATCH = 64
KINDS = {"plain": False, "xla": True}


def main():
    """Measures everything, and writes tables and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--groups", default=["c4", "t2"], nargs="+")
    parser.add_argument("--train-size", default=10_000, type=int)
    parser.add_argument("--test-size", default=10_000, type=int)
    parser.add_argument("--epochs", default=8, type=int)
    parser.add_argument("--steps", default=20, type=int, help="timed at a time")
    arguments = parser.parse_args()
    results = {"machine": machine(), "groups": {}}
    for group in arguments.groups:
        sizes = {"train_size": arguments.train_size, "test_size": arguments.test_size}
        results["groups"][group] = {
            "steps": step_seconds(group, arguments.steps),
            "pipeline": pipeline_seconds(group, arguments.train_size),
            "agreement": agreement(group, epochs=arguments.epochs, **sizes),
        }
    write_results(arguments.output, "networks", results, report)


def timed(group) -> tuple[dict, ...]:
    """The networks of a group that are timed: anchor strengths cost the same."""
    dense = (*networks_of(group), VARIANTS[0], *VARIANTS[-2:])
    local = [n for n in networks_of(group) if n["architecture"] == "cloned"]
    return (*dense, *({**network, "student": "local"} for network in local))


def step_seconds(group, steps, repetitions=3) -> list[dict]:
    """Seconds that each network takes for a step of training.

    Plain and XLA alternate, so that both run under the same load; the fastest
    repetition counts.
    """
    data = sc.experiments.mnist_task(
        "invariance", group, size=BATCH * steps, batch_size=BATCH
    )
    data = data.cache().repeat()
    quiet = {"shuffle": False, "verbose": 0}
    rows = []
    for options in timed(group):
        name = sc.experiments.Experiment(group=group, **options).network
        Console(stderr=True).print(f"{group}, {name} …")
        students = solved(group, **options)
        models = {kind: network(group, students, **options) for kind in KINDS}
        for kind, model in models.items():
            model.compile(
                "adamw", "sparse_categorical_crossentropy", jit_compile=KINDS[kind]
            )
            model.fit(data, steps_per_epoch=2, **quiet)
        best = dict.fromkeys(KINDS, np.inf)
        for _ in range(repetitions):
            for kind, model in models.items():
                start = time.perf_counter()
                model.fit(data, steps_per_epoch=steps, **quiet)
                best[kind] = min(best[kind], (time.perf_counter() - start) / steps)
        rows.append({"network": name, **best})
    return rows


def solved(group, architecture, blocks=9, student="dense", **options):
    """The students of a network, solved rather than trained."""
    if architecture != "cloned":
        return None
    canvas, _ = canvas_and_translation(group)
    students = sc.experiments.network_students(
        group, canvas, blocks=blocks, student=student, seed=0
    )
    for student in students:
        sc.cloning.solve(student)
    return students


def network(group, students, blocks=None, student=None, **options) -> keras.Model:
    """The network of an experiment."""
    canvas, _ = canvas_and_translation(group)
    options |= {"canvas": canvas, "students": students, "seed": 0}
    return sc.experiments.image_network(group=group, **options)


def pipeline_seconds(group, size) -> float:
    """Seconds in which an epoch of digits comes from the cache."""
    data = sc.experiments.mnist_task("invariance", group, size=size, batch_size=BATCH)
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        for _ in data:
            pass
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])  # the first fills the cache


def agreement(group, **sizes) -> dict:
    """How far a network of frozen clones agrees with a trained one, given its weights.

    The trained network has `keras.layers.Conv2D` under T(2), else `GroupConv2D`.
    """
    architecture = "cnn" if group == "t2" else "gcnn"
    experiment = sc.experiments.Experiment(architecture, group, **sizes)
    Console(stderr=True).print(f"{group}, {experiment.network}, trained …")
    trained, metrics = sc.experiments.run_experiment(experiment)
    frozen = {"architecture": "cloned", "symmetry": "frozen"}
    cloned = network(group, solved(group, **frozen), **frozen)
    for mine, theirs in zip(cloned.layers, trained.layers, strict=True):
        if hasattr(mine, "kernel"):
            mine.kernel.assign(theirs.kernel)
            mine.bias.assign(theirs.bias)
    digits = sc.experiments.mnist_task(
        "invariance", group, "test", size=experiment.test_size
    )
    outputs, expected = (m.predict(digits, verbose=0) for m in (cloned, trained))
    same = np.argmax(outputs, axis=1) == np.argmax(expected, axis=1)
    return {
        "network": experiment.network,
        "accuracy": metrics["accuracy"],
        "digits": len(same),
        "agree": int(same.sum()),
        "difference": float(
            np.linalg.norm(outputs - expected) / np.linalg.norm(expected)
        ),
    }


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = ["# MNIST networks", "", f"Machine: {about}."]
    for group, found in results["groups"].items():
        lines += [
            "",
            f"## {sc.get_group(group).title}",
            "",
            f"A step of training, {BATCH} digits, in milliseconds:",
            "",
            "| network | plain | with XLA | XLA / plain |",
            "|---|---:|---:|---:|",
        ]
        for row in found["steps"]:
            times = [f"{1e3 * row[kind]:.1f}" for kind in KINDS]
            ratio = f"{row['xla'] / row['plain']:.2f}"
            lines.append(f"| {row['network']} | {' | '.join(times)} | {ratio} |")
        agreed = found["agreement"]
        lines += [
            "",
            f"The input pipeline delivers an epoch in {found['pipeline']:.2f} s.",
            "",
            f"Frozen clones with the weights of a trained {agreed['network']} "
            f"({agreed['accuracy']:.1%}) choose its class for {agreed['agree']:,} of "
            f"{agreed['digits']:,} test digits; their probabilities differ by "
            f"{agreed['difference']:.0e}, relative.",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
