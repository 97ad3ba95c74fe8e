"""Ready-made networks made invariant: `python -m benchmarks.symmetric_networks`.

The deviation from invariance of each network with random weights, before and after, and
how long a training step takes, by that of the given network on as many images: ratios
of times within one run, in which both alternate.
"""

import argparse
import os
import pathlib

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.layer_times import fastest
from benchmarks.result_files import write_results

ARCHITECTURES = ("MobileNetV2", "ResNet50", "EfficientNetV2B0", "ConvNeXtTiny")
GROUPS = ("flip", "d4")
CLASSES = 10


def main():
    """Measures everything, and writes the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--sizes", default=[96, 224], type=int, nargs="+")
    parser.add_argument("--batch", default=2, type=int)
    parser.add_argument("--repetitions", default=4, type=int)
    chosen = parser.parse_args()
    rows = []
    for name in ARCHITECTURES:
        for size in chosen.sizes:
            for group in GROUPS:
                Console(stderr=True).print(f"{name}, {size}, {group} …")
                row = measure(name, size, group, chosen.repetitions, chosen.batch)
                rows.append(row)
    about = {**machine(), "load": round(os.getloadavg()[0], 1)}
    results = {"machine": about, "rows": rows}
    write_results(chosen.output, "symmetric_networks", results, report)


def random_network(name, size) -> keras.Model:
    """A network of keras.applications whose outputs differ from image to image.

    They are logits: a softmax of random logits says one class or another.
    """
    keras.utils.set_random_seed(0)
    make = getattr(keras.applications, name)
    options = {"classes": CLASSES, "classifier_activation": None}
    model = make(weights=None, input_shape=(size, size, 3), **options)
    rng = np.random.default_rng(0)
    kernel = model.layers[-1].kernel
    kernel.assign(rng.normal(size=kernel.shape))
    normalise(model, rng.uniform(0, 255, (8, size, size, 3)).astype("float32"))
    return model


def normalise(model, images) -> None:
    """Sets the statistics of batch normalisation to those of some images.

    With those of new layers, maps vanish on the way through a deep network.
    """
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    kept = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    model(images, training=True)
    for layer, momentum in zip(norms, kept):
        layer.momentum = momentum


def measure(name, size, group, repetitions, batch) -> dict:
    """Deviations, and seconds of a step of a network and of the invariant one."""
    model = random_network(name, size)
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (batch, size, size, 3)).astype("float32")
    made, report = sc.symmetrize(model, group, images=images)
    found = {"name": name, "size": size, "group": group, "batch": batch}
    found |= {"before": report.deviation_before, "after": report.deviation}
    if not repetitions:
        return found
    calls = {
        "plain": {"forward": lambda: None, "step": step(model, images)},
        "symmetric": {"forward": lambda: None, "step": step(made, images)},
    }
    seconds = fastest(calls, repetitions)
    order = sc.get_group(group).order
    ratio = seconds["symmetric_step"] / seconds["plain_step"]
    return found | {"ratio": ratio, "of_order": ratio / order}


def step(model, images):
    """The gradients of all weights, in training."""
    images = tf.constant(images)

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(images, training=True) ** 2)
        return tape.gradient(loss, model.trainable_variables)

    return lambda: [gradient.shape for gradient in gradients()]


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Ready-made networks made invariant",
        "",
        f"Machine: {about}.",
        "",
        "Networks of keras.applications with random weights, and what `symmetrize` "
        "makes of them: the largest deviation from invariance, relative to the logits, "
        "before and after, on a batch of noise; and the time of a training step on as "
        "many images, by that of the given network, and by this for each element of "
        "the group.",
        "",
        "| network | pixels | images | group | before | after | step | by element |",
        "|---|---:|---:|---|" + "---:|" * 4,
    ]
    for row in results["rows"]:
        cells = [row["name"], str(row["size"]), str(row["batch"]), row["group"]]
        cells += [f"{row['before']:.1g}", f"{row['after']:.1g}"]
        times = [f"{row[key]:.2f}" for key in ("ratio", "of_order") if key in row]
        lines.append(f"| {' | '.join(cells + (times or ['–', '–']))} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
