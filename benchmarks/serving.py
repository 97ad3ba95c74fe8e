"""How many samples exported models compute in a second: `python -m benchmarks.serving`.

The served function is a SavedModel's signature, called as TensorFlow Serving
calls it: without the network, and so the most that a server can reach.
"""

import argparse
import pathlib
import tempfile
import time

import numpy as np
import tensorflow as tf

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.result_files import write_results

BATCHES = (1, 32, 256)
KINDS = ("served", "memory", "teacher")


def main():
    """Measures everything, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--canvas", default=28, type=int)
    parser.add_argument("--seconds", default=2.0, type=float, help="for each figure")
    arguments = parser.parse_args()
    results = {
        "machine": machine(),
        "rows": collect(arguments.canvas, arguments.seconds),
    }
    write_results(arguments.output, "serving", results, report)


def collect(canvas, seconds) -> list[dict]:
    """Samples per second of every model, batch and way to call it."""
    students = sc.experiments.network_students("c4", canvas=canvas, seed=0)
    for student in students:
        sc.cloning.solve(student)
    with tempfile.TemporaryDirectory() as root:
        models = [
            pairs(students[0], root),
            *(layer(*which, root) for which in _layers(students)),
            classifier(students, canvas, root),
        ]
        return [
            {"model": name, "batch": batch, **rates(calls, shapes, batch, seconds)}
            for name, calls, shapes in models
            for batch in BATCHES
        ]


def _layers(students):
    """Layers that are fused to convolutions, and one that is exported as blocks."""
    return (
        (students[0], 1, 1, "auto"),
        (students[0], 1, 10, "auto"),
        (students[2], 10, 20, "auto"),
        (students[2], 10, 20, "blocks"),
    )


def pairs(student, root):
    """A clone, with a kernel for each image."""
    signature = _signature(sc.export(student, root))
    teacher = student.teacher

    def taught(image, kernel):
        one = (image[..., None], kernel[..., None, None])
        return tf.vectorized_map(lambda x: teacher(x[0][None], x[1])[0, ..., 0], one)

    calls = {
        "served": lambda image, kernel: signature(image=image, kernel=kernel),
        "memory": tf.function(student.call_pairs),
        "teacher": tf.function(taught),
    }
    return f"{student.teacher.title}, a kernel each", calls, student.input_shapes()


def layer(student, channels, filters, compute, root):
    """A layer with its kernel fixed."""
    image, kernel = student.input_shapes((channels,), (filters,))
    kernel = np.random.default_rng(0).normal(size=kernel)
    cloned = sc.ClonedConv2D.from_kernel(kernel, student, compute=compute)
    fused = sc.fuse(cloned)
    signature = _signature(sc.export_layer(fused, root))
    teacher = sc.GroupConv2D(
        filters, student.teacher.kernel_size, student.teacher.group.name
    )
    teacher.build((None, *image))
    teacher.kernel.assign(kernel)
    calls = {
        "served": lambda image: signature(image=image),
        "memory": tf.function(cloned),
        "teacher": tf.function(teacher),
    }
    name = f"{student.teacher.title}, {channels} → {filters}, exported {fused.form}"
    return name, calls, [image]


def classifier(students, canvas, root):
    """The MNIST network, of frozen clones and of their teachers."""
    cloned = sc.experiments.image_network("cloned", "c4", 10, canvas, students, seed=0)
    taught = sc.experiments.image_network("gcnn", "c4", 10, canvas, seed=0)
    signature = _signature(
        sc.artifacts.export_classifier(cloned, root, "classifier", {})
    )
    calls = {
        "served": lambda image: signature(image=image),
        "memory": tf.function(lambda image: cloned(image, training=False)),
        "teacher": tf.function(lambda image: taught(image, training=False)),
    }
    return "MNIST classifier", calls, [(canvas, canvas, 1)]


def rates(calls, shapes, batch, seconds) -> dict:
    """Samples per second, alternating between the ways to call a model."""
    inputs = [tf.random.normal((batch, *shape)) for shape in shapes]
    outputs = {kind: _array(call(*inputs)) for kind, call in calls.items()}
    for kind in KINDS:
        error = np.abs(outputs[kind] - outputs["teacher"]).max()
        assert error < 1e-3 * np.abs(outputs["teacher"]).max()
    best = dict.fromkeys(KINDS, np.inf)
    end = time.perf_counter() + seconds * len(KINDS)
    while time.perf_counter() < end:
        for kind in KINDS:
            start = time.perf_counter()
            _array(calls[kind](*inputs))
            best[kind] = min(best[kind], time.perf_counter() - start)
    return {kind: batch / best[kind] for kind in KINDS}


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = ["# Serving", "", f"Machine: {about}.", ""]
    lines += [
        "Samples per second, the best of many calls: the SavedModel's signature, the "
        "same in memory, and the teacher.",
        "",
        "| model | batch | served | in memory | teacher | served / in memory |",
        "|---|" + "---:|" * 5,
    ]
    for row in results["rows"]:
        cells = [f"{row[kind]:,.0f}" for kind in KINDS]
        ratio = f"{row['served'] / row['memory']:.2f}"
        lines.append(
            f"| {row['model']} | {row['batch']} | {' | '.join(cells)} | {ratio} |"
        )
    return "\n".join(lines) + "\n"


def _signature(path):
    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]
    signature.keeps = loaded  # or its variables would go with it
    return signature


def _array(answer):
    """The values, which a call may still be computing."""
    if isinstance(answer, dict):
        (answer,) = answer.values()
    return answer.numpy()


if __name__ == "__main__":
    main()
