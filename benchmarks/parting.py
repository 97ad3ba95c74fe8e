"""Where frozen clones differ from group convolutions: `python -m benchmarks.parting`.

The same network, kernels and digits, with convolutions that compute the same up to
rounding: gradients of the first step, and accuracies after training. MNIST has to be
there, or to be downloaded.
"""

import argparse
import json
import pathlib

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine

# Architecture, kind of student, and how it computes.
KINDS = {
    "group convolutions": ("gcnn", None, "auto"),
    "frozen Dense clones, as convolutions": ("cloned", "dense", "auto"),
    "frozen local clones, blocks": ("cloned", "local", "blocks"),
    "frozen Dense clones, blocks": ("cloned", "dense", "blocks"),
}
TASK = {"group": "c4", "task": "invariance"}
PERTURBATIONS = (1, 2, 3, 4)
TRAINING = {"train_size": 5000, "epochs": 8, "learning_rate": 3e-3}


def main():
    """Measures everything, and writes tables and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--clones", default="exported")
    parser.add_argument("--seeds", default=[1, 2, 3, 4], type=int, nargs="+")
    arguments = parser.parse_args()
    file = arguments.output / "parting.json"
    results = json.loads(file.read_text()) if file.exists() else {"accuracies": []}
    results |= {"machine": machine(), "gradients": gradients(arguments.clones)}
    arguments.output.mkdir(parents=True, exist_ok=True)
    wanted = [(kind, seed, 0) for seed in arguments.seeds for kind in KINDS]
    wanted += [(kind, 1, nudge) for nudge in PERTURBATIONS for kind in list(KINDS)[:2]]
    done = {(r["kind"], r["seed"], r["nudge"]) for r in results["accuracies"]}
    for run in wanted:
        if run not in done:
            Console(stderr=True).print("{}, seed {}, nudge {} …".format(*run))
            results["accuracies"].append(accuracies(*run, arguments.clones))
        file.write_text(json.dumps(results, indent=1) + "\n")
    text = report(results)
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def network(kind, seed, clones) -> keras.Model:
    """The network of a kind, not yet trained."""
    architecture, student, compute = KINDS[kind]
    experiment = sc.experiments.Experiment(
        architecture, student=student, seed=seed, **TASK
    )
    students = None
    if student:
        workspace = sc.workspace.Workspace(clones, verbose=0)
        students = sc.experiments.find_or_clone(experiment, workspace)
    model = sc.experiments.image_network(
        architecture, "c4", students=students, seed=seed
    )
    for layer in model.layers:
        if isinstance(layer, sc.ClonedConv2D):
            layer.compute = compute
    return model


def digits(split, seed, **options):
    """The digits of the task."""
    return sc.experiments.mnist_task(
        TASK["task"], TASK["group"], split, batch_size=64, seed=seed, **options
    )


def gradients(clones, seed=1) -> list[dict]:
    """How the first step's gradients differ from those of group convolutions, and
    how many of the first convolution's outputs at empty pixels are above zero."""
    images, labels = next(iter(digits("train", seed, size=5000)))
    found = {
        kind: _first_step(network(kind, seed, clones), images, labels) for kind in KINDS
    }
    expected = found["group convolutions"]["gradients"]
    rows = []
    for kind, step in found.items():
        differences = {
            name: float(
                np.linalg.norm(value - expected[name]) / np.linalg.norm(expected[name])
            )
            for name, value in step["gradients"].items()
        }
        rows.append({"kind": kind, "active": step["active"], **differences})
    return rows


def _first_step(model, images, labels) -> dict:
    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(labels, model(images))
    variables = model.trainable_variables
    values = tape.gradient(losses, [variable.value for variable in variables])
    empty = np.asarray(keras.layers.MaxPooling2D(3, 1)(images))[..., 0] == 0
    outputs = np.asarray(model.layers[0](images))
    return {
        "active": float(np.mean(outputs[empty] > 0)),
        "gradients": {
            "/".join(v.path.split("/")[-2:]): np.asarray(g)
            for v, g in zip(variables, values)
            if "conv" in v.path
        },
    }


def accuracies(kind, seed, nudge, clones) -> dict:
    """Accuracy on rotated digits after each epoch, from initial weights that may be
    perturbed by a relative 1e-6."""
    model = network(kind, seed, clones)
    if nudge:
        rng = np.random.default_rng(nudge)
        for weight in model.trainable_variables:
            weight.assign(weight * (1 + 1e-6 * rng.normal(size=weight.shape)))
    model.compile(
        keras.optimizers.AdamW(TRAINING["learning_rate"]),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    history = model.fit(
        digits("train", seed, size=TRAINING["train_size"]),
        epochs=TRAINING["epochs"],
        validation_data=digits("test", seed),
        shuffle=False,
        verbose=0,
    )
    return {
        "kind": kind,
        "seed": seed,
        "nudge": nudge,
        "accuracy": history.history["val_accuracy"],
    }


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    names = [n for n in results["gradients"][0] if n not in ("kind", "active")]
    lines = [
        "# Where frozen clones differ from group convolutions",
        "",
        f"Machine: {about}.",
        "",
        "The MNIST network under C4 at its first step of training, with the same "
        "kernels and digits (seed 1): relative differences of gradients from those of "
        "group convolutions, and the share of the first layer's outputs at empty "
        "pixels that are above zero, for which ReLU passes gradients.",
        "",
        f"| convolutions | empty, above 0 | {' | '.join(names)} |",
        "|---|" + "---:|" * (len(names) + 1),
    ]
    for row in results["gradients"]:
        cells = [row["kind"], f"{row['active']:.0%}"]
        cells += [f"{row[name]:.0e}" for name in names]
        lines.append(f"| {' | '.join(cells)} |")
    runs = {(r["kind"], r["seed"], r["nudge"]): r for r in results["accuracies"]}
    seeds = sorted({seed for _, seed, _ in runs})
    lines += [
        "",
        "Accuracy on rotated digits after 8 epochs of 5,000 upright ones at a learning "
        "rate of 3e-3; last, seed 1 with initial weights perturbed by a relative 1e-6:",
        "",
        f"| convolutions | {' | '.join(f'seed {seed}' for seed in seeds)} | "
        "perturbed |",
        "|---|" + "---:|" * (len(seeds) + 1),
    ]
    for kind in KINDS:
        cells = [_last(runs.get((kind, seed, 0))) for seed in seeds]
        perturbed = [_last(runs.get((kind, 1, nudge))) for nudge in PERTURBATIONS]
        cells.append(", ".join(cell for cell in perturbed if cell != "–") or "–")
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _last(run) -> str:
    return f"{run['accuracy'][-1]:.1%}" if run else "–"


if __name__ == "__main__":
    main()
