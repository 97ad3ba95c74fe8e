"""Clones as layers, against convolutions: `python -m benchmarks.layers`.

Ratios of times within one run: the layers alternate on the same machine. With `--parts`
some of the parts are measured, and the others are kept as they were.
"""

import argparse
import copy
import itertools
import json
import os
import pathlib

import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks import layer_regions, operations
from benchmarks.cloning import machine
from benchmarks.layer_times import KINDS, fastest, forward, step
from benchmarks.result_files import write_results

# Group, lifting, image size, channels, filters and batch.
LAYERS = (
    ("c4", True, 28, 1, 10, 64),
    ("c4", False, 26, 10, 10, 64),
    ("c4", False, 12, 10, 20, 64),
    ("t2", True, 112, 32, 32, 8),
    ("t2", True, 56, 64, 64, 8),
)
# The same, and numbers of groups of channels, the first one without groups.
GROUPED = (
    ("t2", True, 24, 64, 64, 16, (1, 2, 4, 8, 64)),
    ("c4", False, 24, 16, 16, 16, (1, 2, 4, 8, 16)),
)
PARTS = ("layers", "groups", "regions")
# The load average below which the figures are those of a quiet machine.
QUIET = 0.3


def main():
    """Measures everything, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--repetitions", default=7, type=int)
    parser.add_argument("--parts", default=PARTS, choices=PARTS, nargs="+")
    arguments = parser.parse_args()
    file = arguments.output / "layers.json"
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if "layers" in arguments.parts:
        rows = collect(LAYERS, measure, arguments.repetitions)
        results |= {"machine": machine(), "rows": rows}
    if "groups" in arguments.parts:
        about = {**machine(), "load": os.getloadavg()[0]}
        rows = collect(GROUPED, measure_groups, arguments.repetitions)
        rows = list(itertools.chain.from_iterable(rows))
        results["groups"] = {"machine": about, "rows": rows}
    if "regions" in arguments.parts:
        cases, about = layer_regions.REGIONS, machine()
        rows = collect(cases, layer_regions.measure, arguments.repetitions)
        about["load"] = os.getloadavg()[0]
        found = {"machine": about, "rows": rows, **layer_regions.others()}
        results[layer_regions.name_of_results()] = found
    write_results(arguments.output, "layers", results, report)


def collect(cases, function, repetitions) -> list:
    """What a function measures of each case."""
    say = Console(stderr=True).print
    found = []
    for case in cases:
        say(f"{sc.ConvTeacher(*case[:1], case[2], lifting=case[1]).title} …")
        found.append(function(*case, repetitions=repetitions))
    return found


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
    return row | fastest(calls, repetitions)


def measure_groups(
    group, lifting, image_size, channels, filters, batch, numbers, repetitions=7
) -> list[dict]:
    """Times of clones whose channels are in groups, frozen and trainable."""
    teacher = sc.ConvTeacher(group, image_size, lifting=lifting)
    student = sc.LocallyConnectedStudent(teacher, seed=0)
    sc.cloning.solve(student)
    inputs = tf.random.normal((batch, *teacher.input_shape, channels))
    calls = {}
    for symmetry in ("frozen", "trainable"):
        for groups in numbers:
            layer = sc.ClonedConv2D(
                filters, copy.deepcopy(student), symmetry, groups=groups
            )
            layer.build(inputs.shape)
            name = f"{symmetry}_{groups}"
            calls[name] = {
                "forward": forward(layer, inputs),
                "step": step(layer, inputs),
            }
    about = {
        "layer": teacher.title,
        "channels": channels,
        "filters": filters,
        "batch": batch,
    }
    found = fastest(calls, repetitions)
    return [
        {**about, "groups": groups}
        | {
            f"{symmetry}_{kind}": found[f"{symmetry}_{groups}_{kind}"]
            for symmetry in ("frozen", "trainable")
            for kind in KINDS
        }
        for groups in numbers
    ]


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
    if "groups" in results:
        lines += _groups(results["groups"])
    for name in layer_regions.NAMES:
        if found := results.get(name):
            lines += layer_regions.report(name, found, _machine(found["machine"]))
    return "\n".join([*lines, ""])


def _groups(results) -> list[str]:
    """The lines of clones in groups of channels."""
    rows = results["rows"]
    whole = {row["layer"]: row for row in rows if row["groups"] == 1}
    lines = [
        "",
        "Clones in groups of channels, `ClonedConv2D(groups=…)`, frozen and trainable, "
        "in milliseconds, and relative to one group in the same repetitions. As many "
        "groups as channels are a depthwise convolution. Measured at another time: "
        f"{_machine(results['machine'])}.",
        "",
        "| layer | channels | filters | batch | groups | forward | ratio | step "
        "| ratio | trainable, forward | ratio | step | ratio |",
        "|---|" + "---:|" * 12,
    ]
    for row in rows:
        cells = [row["layer"]]
        cells += [str(row[k]) for k in ("channels", "filters", "batch", "groups")]
        for symmetry in ("frozen", "trainable"):
            for kind in KINDS:
                seconds = row[f"{symmetry}_{kind}"]
                ratio = seconds / whole[row["layer"]][f"{symmetry}_{kind}"]
                cells += [f"{1e3 * seconds:.1f}", f"{ratio:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _machine(found) -> str:
    """What a part was measured on."""
    machine = dict(found)
    busy = machine.pop("load", 0)
    about = ", ".join(f"{k} {v}" for k, v in machine.items())
    if busy > QUIET:
        about += f", busy with other work, with a load average of {busy:.1f}"
    return about


def _cells(row, name) -> list[str]:
    cells = [row["layer"], *(str(row[k]) for k in ("channels", "filters", "batch"))]
    for kind in KINDS:
        pair = row[f"convolution_{kind}"], row[f"{name}_{kind}"]
        cells += [f"{1e3 * seconds:.1f}" for seconds in pair]
        cells.append(f"{pair[1] / pair[0]:.2f}")
    return cells


if __name__ == "__main__":
    main()
