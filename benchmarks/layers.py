"""Clones as layers, against convolutions: `python -m benchmarks.layers`.

Ratios of times within one run: both layers alternate on the same machine.
"""

import argparse
import copy
import pathlib
import time

import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks import operations
from benchmarks.cloning import machine
from benchmarks.result_files import write_results

# Group, lifting, image size, channels, filters and batch.
LAYERS = (
    ("c4", True, 28, 1, 10, 64),
    ("c4", False, 26, 10, 10, 64),
    ("c4", False, 12, 10, 20, 64),
    ("t2", True, 112, 32, 32, 8),
    ("t2", True, 56, 64, 64, 8),
)
KINDS = ("forward", "step")


def main():
    """Measures everything, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--repetitions", default=7, type=int)
    arguments = parser.parse_args()
    say = Console(stderr=True).print
    rows = []
    for layer in LAYERS:
        say(f"{sc.ConvTeacher(*layer[:1], layer[2], lifting=layer[1]).title} …")
        rows.append(measure(*layer, repetitions=arguments.repetitions))
    results = {"machine": machine(), "rows": rows}
    write_results(arguments.output, "layers", results, report)


def measure(
    group, lifting, image_size, channels, filters, batch, repetitions=7
) -> dict:
    """Times of a convolution and of its locally connected clone, trainable and frozen:
    a forward pass, and a training step."""
    teacher = sc.ConvTeacher(group, image_size, lifting=lifting)
    student = sc.LocallyConnectedStudent(teacher, seed=0)
    sc.cloning.solve(student)
    frozen = copy.deepcopy(student)
    convolution = sc.GroupConv2D(filters, 3, group)
    inputs = tf.random.normal((batch, *teacher.input_shape, channels))
    convolution.build(inputs.shape)
    layers = {
        "convolution": convolution,
        "local": sc.ClonedConv2D.from_conv(convolution, student, symmetry="trainable"),
        "frozen": sc.ClonedConv2D.from_conv(convolution, frozen),
    }
    calls = {
        name: {"forward": forward(layer, inputs), "step": step(layer, inputs)}
        for name, layer in layers.items()
    }
    row = {
        "layer": teacher.title,
        "channels": channels,
        "filters": filters,
        "batch": batch,
        "convolution_operations": batch
        * operations.teacher_forward(student, channels, filters),
        "local_operations": batch
        * operations.student_forward(student, channels, filters),
    }
    for kind in KINDS:
        fastest = dict.fromkeys(calls, float("inf"))
        for _ in range(repetitions + 1):  # the first traces
            for name in calls:
                start = time.perf_counter()
                calls[name][kind]()
                took = time.perf_counter() - start
                fastest[name] = min(fastest[name], took)
        row |= {f"{name}_{kind}": seconds for name, seconds in fastest.items()}
    return row


def forward(layer, inputs):
    """A call of the layer."""
    call = tf.function(lambda: layer(inputs))
    return lambda: call().numpy().shape


def step(layer, inputs):
    """The gradients of inputs and of all that the layer trains."""
    weights = [weight.value for weight in layer.trainable_weights]

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        wanted = [inputs, *weights]
        return tape.gradient(outputs, wanted, output_gradients=outputs)

    return lambda: [gradient.shape for gradient in gradients()]


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = ["# Clones as layers", "", f"Machine: {about}.", ""]
    lines += [
        "Trainable locally connected clones against the convolutions that they clone: "
        "times of the fastest of several repetitions, in milliseconds, and useful "
        "floating-point operations of a forward pass. A step takes the gradients of "
        "inputs, kernel and bias, and for clones also of blocks and encoder.",
        "",
        "| layer | channels | filters | batch | forward | clone | ratio | step | clone "
        "| ratio | GFLOP | clone | ratio |",
        "|---|" + "---:|" * 12,
    ]
    for row in results["rows"]:
        cells = _cells(row, "local")
        pair = row["convolution_operations"], row["local_operations"]
        cells += [f"{pair[0] / 1e9:.2f}", f"{pair[1] / 1e9:.2f}"]
        lines.append(f"| {' | '.join([*cells, f'{pair[1] / pair[0]:.1f}'])} |")
    lines += [
        "",
        "Frozen clones, which compute as one convolution because their blocks are "
        "translation equivariant, in the same repetitions:",
        "",
        "| layer | channels | filters | batch | forward | clone | ratio | step | clone "
        "| ratio |",
        "|---|" + "---:|" * 9,
    ]
    for row in results["rows"]:
        lines.append(f"| {' | '.join(_cells(row, 'frozen'))} |")
    return "\n".join([*lines, ""])


def _cells(row, name) -> list[str]:
    cells = [row["layer"], *(str(row[k]) for k in ("channels", "filters", "batch"))]
    for kind in KINDS:
        pair = row[f"convolution_{kind}"], row[f"{name}_{kind}"]
        cells += [f"{1e3 * seconds:.1f}" for seconds in pair]
        cells.append(f"{pair[1] / pair[0]:.2f}")
    return cells


if __name__ == "__main__":
    main()
