"""Group convolutions beside plain ones: `python -m benchmarks.group_speed`.

Ratios of times within one run, in which all layers of a row alternate: a `Conv2D` of as
many channels, `GroupConv2D`, and the frozen clone of it. Then how long cloning takes.
"""

import argparse
import copy
import os
import pathlib
import time

import keras
import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.layer_times import KINDS, fastest, forward, step
from benchmarks.result_files import write_results

# Group, image size, kernel size, channels for each element, and batch.
LAYERS = (
    ("c4", 28, 3, 16, 16),
    ("d4", 28, 3, 8, 16),
    ("c8", 28, 3, 8, 16),
    ("c8", 28, 5, 8, 16),
    ("c16", 28, 5, 8, 16),
    ("d8", 28, 5, 8, 16),
)
# Group and kernel size of 28×28 images that are cloned.
CLONED = (("c4", 3), ("c8", 3), ("c4", 5), ("c8", 5))
SIZE = 28
# Whether lifting, and how they are cloned.
KINDS_OF_CLONES = {
    "trained": (True, None),
    "lifting": (True, "closed-form"),
    "on_group": (False, "closed-form"),
}
NAMES = ("plain", "group", "frozen")


def main():
    """Measures everything, and writes the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--repetitions", default=15, type=int)
    chosen = parser.parse_args()
    results = {
        "layers": [measure(*case, chosen.repetitions) for case in LAYERS],
        "cloning": cloning(CLONED, SIZE),
        "machine": {**machine(), "load": round(os.getloadavg()[0], 1)},
    }
    write_results(chosen.output, "group_speed", results, report)


def measure(group, image_size, kernel_size, channels, batch, repetitions) -> dict:
    """Seconds of a forward pass and of a step of each layer."""
    Console(stderr=True).print(f"{group}, {kernel_size}×{kernel_size} …")
    teacher = sc.ConvTeacher(group, image_size, kernel_size, lifting=False)
    student = _solved(teacher)
    elements = teacher.group.order
    maps = tf.random.normal((batch, *teacher.input_shape, channels))
    images = tf.reshape(maps, (batch, image_size, image_size, elements * channels))
    convolution = sc.GroupConv2D(channels, kernel_size, group)
    convolution.build(maps.shape)
    plain = keras.layers.Conv2D(elements * channels, kernel_size)
    plain.build(images.shape)
    layers = {
        "plain": (plain, images),
        "group": (convolution, maps),
        "frozen": (sc.ClonedConv2D.from_conv(convolution, student), maps),
    }
    calls = {
        name: {"forward": forward(*each), "step": step(*each)}
        for name, each in layers.items()
    }
    about = dict(zip(("group", "kernel_size"), (group, kernel_size)))
    about |= {"channels": channels, "batch": batch, "elements": elements}
    return about | fastest(calls, repetitions)


def cloning(cases, image_size, repetitions=3) -> list[dict]:
    """The seconds that `sc.clone` takes, with its report, all in turn."""
    rows = {}
    for _ in range(repetitions):
        for group, kernel_size in cases:
            row = rows.setdefault((group, kernel_size), {})
            for kind, (lifting, solver) in KINDS_OF_CLONES.items():
                teacher = sc.ConvTeacher(
                    group, image_size, kernel_size, lifting=lifting
                )
                start = time.perf_counter()
                sc.clone(teacher, student="local", solver=solver, verbose=0)
                seconds = time.perf_counter() - start
                row[kind] = min(row.get(kind, seconds), seconds)
    return [
        {"group": group, "kernel_size": size, **row}
        for (group, size), row in rows.items()
    ]


def _solved(teacher):
    student = sc.LocallyConnectedStudent(teacher, seed=0)
    sc.cloning.solve(student)
    return copy.deepcopy(student)


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Speed of groups",
        "",
        f"Machine: {about}.",
        "",
        "Layers of 28×28 images, in milliseconds: the fastest of several repetitions "
        "in which all layers of a row alternate. `Conv2D` has as many channels as the "
        "group convolution has on all elements; ratios are to it, and in brackets the "
        "clone's to the group convolution. A step takes the gradients of inputs, "
        "kernel and bias.",
        "",
        "| group | kernel | channels | batch | `Conv2D`, forward | `GroupConv2D` | "
        "frozen clone | `Conv2D`, step | `GroupConv2D` | frozen clone |",
        "|---|---|" + "---:|" * 8,
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in results["layers"]]
    lines += [
        "",
        "`sc.clone`, local students of 28×28 images, in seconds with their reports, "
        "the least of several; ratios are to C4 with kernels of the same size. Lifting "
        "convolutions as by default, that is trained, and in closed form; and group "
        "convolutions in closed form.",
        "",
        "| group | kernel | lifting, trained | ratio | closed form | ratio | on the "
        "group | ratio |",
        "|---|---|" + "---:|" * 6,
    ]
    first = {
        row["kernel_size"]: row for row in results["cloning"] if row["group"] == "c4"
    }
    for row in results["cloning"]:
        cells = [row["group"], f"{row['kernel_size']}×{row['kernel_size']}"]
        for kind in KINDS_OF_CLONES:
            ratio = row[kind] / first[row["kernel_size"]][kind]
            cells += [f"{row[kind]:.2f}", f"{ratio:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def ratios(results) -> list[list[str]]:
    """A shorter table: group, kernel, and times by that of `Conv2D`."""
    return [
        [
            row["group"],
            f"{row['kernel_size']}×{row['kernel_size']}",
            *(
                f"{row[f'{name}_{kind}'] / row[f'plain_{kind}']:.2f}"
                for name in ("group", "frozen")
                for kind in KINDS
            ),
        ]
        for row in results["layers"]
    ]


def _cells(row) -> list[str]:
    channels = f"{row['elements']} × {row['channels']}"
    size = f"{row['kernel_size']}×{row['kernel_size']}"
    cells = [row["group"], size, channels, str(row["batch"])]
    for kind in KINDS:
        plain, group, frozen = (row[f"{name}_{kind}"] for name in NAMES)
        cells.append(f"{1e3 * plain:.1f}")
        cells.append(f"{1e3 * group:.1f}, {group / plain:.2f}")
        cells.append(f"{1e3 * frozen:.1f}, {frozen / plain:.2f} ({frozen / group:.2f})")
    return cells


if __name__ == "__main__":
    main()
