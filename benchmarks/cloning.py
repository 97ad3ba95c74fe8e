"""Cloning's speed and memory, in one run: `python -m benchmarks.cloning`."""

import argparse
import json
import pathlib

import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.cases import measure
from benchmarks.costs import draw_costs
from benchmarks.this_machine import machine

KINDS = (
    ("T(2)", {"group": "t2"}),
    ("C4 lifting", {"group": "c4", "lifting": True}),
    ("C4 group", {"group": "c4", "lifting": False}),
)
TARGET = 1e-6


def main():
    """Measures everything, and writes a table, a plot and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--sizes", default=[10, 16, 28, 48], type=int, nargs="+")
    parser.add_argument("--solved-sizes", default=[64], type=int, nargs="*")
    parser.add_argument("--loop-seconds", default=300.0, type=float)
    arguments = parser.parse_args()
    results = collect(arguments.sizes, arguments.solved_sizes, arguments.loop_seconds)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "cloning.json").write_text(json.dumps(results, indent=1) + "\n")
    text = report(results)
    (arguments.output / "cloning.md").write_text(text, encoding="utf-8")
    sc.figures.save_figure(draw_costs(results), arguments.output / "cloning.svg")
    print(text)


def collect(sizes, solved_sizes, loop_seconds) -> dict:
    """All measurements, one after the other."""
    say = Console(stderr=True).print
    say("Matrix products …")
    results = {"machine": machine(), "products": measure("matrix_products")}
    results["training"], results["solving"] = [], []
    for name, layer in KINDS:
        for size in sizes:
            say(f"{name} {size}×{size}, training …")
            options = {**layer, "image_size": size}
            row = measure("training", target=TARGET, **options)
            results["training"].append({"layer": name, "size": size, **row})
        for size in (*sizes, *solved_sizes):
            say(f"{name} {size}×{size}, closed form …")
            row = measure("solving", **layer, image_size=size)
            results["solving"].append({"layer": name, "size": size, **row})
    say("Layers …")
    results["layers"] = [
        {"layer": name, "size": size, "channels": channels, **row}
        for name, layer, size, channels in (
            ("C4 lifting", KINDS[1][1], 28, 1),
            ("C4 group", KINDS[2][1], 26, 10),
            ("C4 group", KINDS[2][1], 12, 10),
        )
        for row in [
            measure(
                "layers",
                channels=channels,
                filters=10,
                batch=32,
                image_size=size,
                **layer,
            )
        ]
    ]
    say(f"One kernel at a time, for at most {loop_seconds:.0f} s …")
    target = 1e-4
    results["loop"] = measure(
        "one_kernel_at_a_time", target=target, seconds=loop_seconds
    )
    results["loop_against"] = measure(
        "training", target=target, group="c4", image_size=10
    )
    # Rates drift on shared machines: the reference once more, at the end.
    again = measure("matrix_products")
    results["products"]["rate"] = max(results["products"]["rate"], again["rate"])
    return results


def exponent(rows, key) -> float:
    """The power of the size with which a quantity grows, over the larger sizes."""
    rows = sorted(rows, key=lambda row: row["size"])[-3:]
    sizes, values = ([row[k] for row in rows] for k in ("size", key))
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def report(results) -> str:
    """The Markdown page."""
    rate = results["products"]["rate"]
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = ["# Cloning", "", f"Machine: {about}.", ""]
    lines += [f"Float32 matrix products: {rate / 1e9:.0f} GFLOP/s.", ""]

    lines += [f"## To NMSE {TARGET:.0e}", ""]
    lines += [
        "Time starts with an unbuilt student and includes tracing. The share is that "
        "of the matrix-product rate which the training step reaches in useful "
        "operations. Memory is the peak, with its estimate in brackets.",
        "",
        "| layer | size | training, s | steps | images × kernels | GFLOP | share "
        "| memory, MB | closed form, s | GFLOP | NMSE | memory, MB | weights, MB |",
        "|---|" + "---:|" * 12,
    ]
    trained = {(row["layer"], row["size"]): row for row in results["training"]}
    for solved in results["solving"]:
        row = trained.get((solved["layer"], solved["size"]))
        cells = ["–"] * 6
        if row:
            cells = [
                f"{row['seconds']:.1f}",
                str(row["steps"]),
                f"{row['images']} × {row['kernels']}",
                f"{row['operations'] / 1e9:.3g}",
                f"{row['rate'] / rate:.0%}",
                _memory(row),
            ]
        cells += [
            f"{solved['seconds']:.2f}",
            f"{solved['operations'] / 1e9:.3g}",
            f"{solved['nmse']:.0e}",
            _memory(solved),
            f"{solved['weights'] / 1e6:.1f}",
        ]
        lines.append(f"| {solved['layer']} | {solved['size']} | {' | '.join(cells)} |")

    lines += ["", "## Growth", ""]
    lines += [
        "Fitted exponents over the three largest sizes; operations and weights grow "
        "as n⁴, and training's operations as n⁶, since its batch grows as n².",
        "",
        "| layer | training time | training memory | closed form's time "
        "| closed form's memory |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, _ in KINDS:
        cells = [
            f"{exponent([r for r in results[part] if r['layer'] == name], key):.1f}"
            for part in ("training", "solving")
            for key in ("seconds", "memory")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")

    lines += ["", "## Student against teacher", ""]
    lines += [
        "Ten filters, 32 images, milliseconds; a step takes the gradients of inputs "
        "and kernel too.",
        "",
        "| layer | size | channels | teacher | student | teacher's step "
        "| student's step | operations, student / teacher |",
        "|---|" + "---:|" * 7,
    ]
    for row in results["layers"]:
        times = ("teacher_forward", "student_forward", "teacher_step", "student_step")
        cells = [f"{row[name] * 1e3:.1f}" for name in times]
        cells.append(f"{row['student_operations'] / row['teacher_operations']:.0f}")
        lines.append(
            f"| {row['layer']} | {row['size']} | {row['channels']} "
            f"| {' | '.join(cells)} |"
        )

    loop, ours = results["loop"], results["loop_against"]
    at_least = "" if loop["reached"] else "more than "
    lines += ["", "## One kernel at a time", ""]
    lines += [
        "C4 lifting on 10×10 to NMSE 1e-04. The loop visits 128 kernels a step, each "
        "with 100 fresh images, from a uniform mixing.",
        "",
        f"- The loop: {at_least}{loop['seconds']:.0f} s, {loop['steps']} steps, "
        f"NMSE {loop['nmse']:.1e}.",
        f"- `symclone_tf`: {ours['seconds']:.2f} s, {ours['steps']} steps, tracing "
        "included.",
        f"- Ratio: {at_least}{loop['seconds'] / ours['seconds']:.0f}.",
        "",
    ]
    return "\n".join(lines)


def _memory(row) -> str:
    return f"{row['memory'] / 1e6:.0f} ({row['estimate'] / 1e6:.0f})"


if __name__ == "__main__":
    main()
