"""How well each kind of student clones: `python -m benchmarks.students`.

All are trained with the same number of multiplications, or with as many steps as in
their recipe, if that is less. Every clone's row is saved at once, and an interrupted
run continues when it is started again.
"""

import argparse
import json
import pathlib
import statistics
import time

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from symclone_tf.cloning import recipe_for, student_equivariance_error
from symclone_tf.cloning.cloner import Cloner
from symclone_tf.figures.style import COLOURS, new_figure, styled
from symclone_tf.students import make_student

STUDENTS = {
    "Dense": ("dense", {}),
    "Dense, hidden units": ("dense", {"hidden_units": "positions"}),
    "local": ("local", {}),
    "attention": ("attention", {}),
    "relative attention": ("relative-attention", {}),
}
SIZES = {10: 1e11, 28: 3e11}
GROUPS = ("t2", "c4")
# Steps of a learning curve that are saved.
SAVED = 30


def main():
    """Clones with every student and seed, and writes table, page and figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--sizes", nargs="+", type=int, default=list(SIZES), choices=SIZES
    )
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    file = chosen.output / "students.json"
    for size in chosen.sizes:
        for seed in chosen.seeds:
            for group in GROUPS:
                for title in STUDENTS:
                    measure_once(file, (title, group, size, seed))
    write(file)


def measure_once(file, case) -> None:
    """Adds a row, unless it is there."""
    rows = read(file)
    if any((r["student"], r["group"], r["size"], r["seed"]) == case for r in rows):
        return
    Console(stderr=True).print(", ".join(map(str, case)) + " …")
    rows.append(measure(*case, budget=SIZES[case[2]]))
    file.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


def read(file) -> list[dict]:
    """The rows that are there."""
    return json.loads(file.read_text("utf-8"))["rows"] if file.is_file() else []


def make(title, group, size, seed):
    """The student of a title, not yet trained."""
    name, options = STUDENTS[title]
    teacher = sc.ConvTeacher(group, size)
    if options.get("hidden_units") == "positions":
        options = {"hidden_units": (teacher.positions_in,)}
    return make_student(name, teacher, seed=seed, dtype="float32", **options)


def operations_per_step(student) -> int:
    """Multiplications of a step: forward, and about twice as many backward."""
    recipe = recipe_for(student)
    of_each = student.operations(1, recipe.kernels_per_step)
    return 3 * (recipe.images_per_step * of_each + student.shared_operations)


def measure(title, group, size, seed, budget) -> dict:
    """Clones, and measures errors, time and cost.

    Args:
        title: String, a key of `STUDENTS`.
        group: String.
        size: Integer, pixels.
        seed: Integer.
        budget: Float, multiplications.
    """
    student = make(title, group, size, seed)
    recipe, each = recipe_for(student), operations_per_step(student)
    steps = max(1, min(recipe.steps, int(budget / each)))
    cloner = Cloner(student, seed=seed)
    cloner.compile(recipe.with_options(steps).make_optimizer())
    curve = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: curve.append(float(logs["nmse"]))
    )
    began = time.perf_counter()
    cloner.fit(steps_per_epoch=steps, callbacks=[record], verbose=0)
    seconds = time.perf_counter() - began
    chosen = np.unique(np.geomspace(1, steps, SAVED).round().astype(int))
    return {
        "student": title,
        "group": group,
        "size": size,
        "seed": seed,
        "weights": student.parameters,
        "operations": student.operations(1, 1),
        "steps": steps,
        "whole": steps == recipe.steps,
        "seconds": seconds,
        "nmse": sc.nmse(student, seed=seed),
        "equivariance_error": student_equivariance_error(student, seed=seed),
        "curve": [[float(step * each), curve[step - 1]] for step in chosen.tolist()],
    }


def grouped(rows) -> dict[tuple, list[dict]]:
    """Rows by student, group and size: all seeds."""
    found = {}
    for row in rows:
        found.setdefault((row["student"], row["group"], row["size"]), []).append(row)
    return found


def cells(kept) -> list[str]:
    """A row of the table, for all seeds of a student."""
    first = kept[0]
    title = sc.get_group(first["group"]).title
    return [
        f"{title}, {first['size']}×{first['size']}",
        first["student"],
        f"{first['weights']:,}",
        f"{first['operations']:,}",
        f"{first['steps']:,}" + ("" if first["whole"] else " (cut)"),
        f"{statistics.mean(row['seconds'] for row in kept):.2g}",
        f"{statistics.median(row['nmse'] for row in kept):.1e}",
        f"{max(row['nmse'] for row in kept):.1e}",
        f"{statistics.median(row['equivariance_error'] for row in kept):.1e}",
    ]


HEAD = (
    "| teacher | student | weights | multiplications | steps | seconds | NMSE | its "
    "worst | equivariance error |",
    "|---|---|" + "---:|" * 7,
)


def write(file) -> None:
    """The page and the figure, of what was measured."""
    kept = json.loads(file.read_text("utf-8"))
    sc.figures.save_figure(draw(kept["rows"]), file.with_suffix(".svg"))
    file.with_suffix(".md").write_text(report(kept), encoding="utf-8")


def report(kept) -> str:
    """The Markdown page."""
    seeds = len({row["seed"] for row in kept["rows"]})
    budgets = " and ".join(f"{SIZES[size]:.0e} for {size}×{size}" for size in SIZES)
    lines = [
        "# Students",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in kept['machine'].items())}, busy "
        "with other work at times.",
        "",
        "Lifting layers with kernels of 3×3 pixels. Multiplications are those of one "
        "image, channel and filter. Training ends after a budget of them, "
        f"{budgets} (cut in the table), or with the last step of the recipe. NMSE on "
        f"fresh pairs: the median and the worst of {seeds} seeds.",
        "",
        *HEAD,
    ]
    lines += [f"| {' | '.join(cells(k))} |" for k in grouped(kept["rows"]).values()]
    return "\n".join([*lines, "", "![NMSE by weights, and learning](students.svg)", ""])


@styled
def draw(rows):
    """NMSE against weights, and learning curves against operations.

    Args:
        rows: List of dictionaries, as `measure` makes them.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure = new_figure(3.2)
    left, *curves = figure.subplots(1, 3, sharey=True)
    found = grouped(rows)
    colours = dict(zip(STUDENTS, COLOURS))
    markers = dict(zip([(g, s) for s in SIZES for g in GROUPS], "osD^"))
    for (student, group, size), kept in found.items():
        values = [max(row["nmse"], 1e-15) for row in kept]
        left.plot(
            [row["weights"] for row in kept],
            values,
            markers[group, size],
            color=colours[student],
            markersize=4,
        )
    for axes, size in zip(curves, SIZES):
        for student, colour in colours.items():
            for row in found.get((student, "c4", size), []):
                spent, reached = zip(*row["curve"])
                axes.plot(spent, reached, color=colour, linewidth=1)
        axes.set(title=f"C4, {size}×{size}", xlabel="multiplications", xscale="log")
        axes.grid(visible=True)
    left.set(xscale="log", yscale="log", xlabel="weights", ylabel="NMSE")
    left.set(title="all", ylim=(1e-15, 10))
    left.grid(visible=True)
    for student, colour in colours.items():
        left.plot([], [], color=colour, label=student)
    for (group, size), marker in markers.items():
        label = f"{sc.get_group(group).title}, {size}×{size}"
        left.plot([], [], marker, color="grey", markersize=4, label=label)
    figure.legend(loc="outside lower center", ncols=5, fontsize="small")
    return figure


if __name__ == "__main__":
    main()
