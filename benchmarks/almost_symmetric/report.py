"""The page and the pictures of what was compared."""

import statistics

import symclone_tf as sc
from benchmarks import measured_pages, plumes
from benchmarks.almost_symmetric.methods import REGULARISED
from benchmarks.almost_symmetric.points import (
    PAIRS,
    chosen,
    knees,
    means,
    points,
    sizes,
)
from benchmarks.almost_symmetric.rows import read_all
from benchmarks.cloning import machine
from symclone_tf.figures.style import COLOURS, new_figure, styled

SIXES = ("sixes turned", "sixes mirrored")
LADDER = tuple(f"plumes {rung}" for rung in range(plumes.RUNGS))
RECOMMENDED = "last clone, transformed inputs"
# A number that is prime to the number of colours, so that pairs differ.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
OURS = (
    "clones",
    "last clone",
    "gcnn, pooling",
    "gcnn, last untied",
    "Dense clones",
    "last regional",
)
LIMITS = {PAIRS[0]: ((0.3, 1), (0.4, 1)), PAIRS[1]: ((0.6, 1), (0.1, 1))}
MNIST, QUADRANTS = PAIRS
EXPLAINED = {
    MNIST: "The MNIST network under C4: accuracy on rotated digits after training on "
    "upright ones (*invariance*), on these upright ones, and on telling the digit and "
    "the half of the rotations that was applied (*breaking*)",
    QUADRANTS: "The MNIST network under T(2), on digits in one of four quadrants of "
    "32×32 pixels: accuracy on the digit (*digit*), and on digit and quadrant "
    "(*quadrant*)",
}


@styled
def draw_frontier(found, pair=PAIRS[0]):
    """Accuracy on the task that needs equivariance against the one that breaks it.

    Args:
        found: List of `Point`; each method is a curve over its strengths.
        pair: Pair of strings, the tasks.
    """
    figure = new_figure(4.2)
    axes = figure.subplots()
    for number, method in enumerate(dict.fromkeys(point.method for point in found)):
        mine = [point for point in found if point.method == method]
        mine.sort(key=lambda point: point.strength or 0)
        ours = method.startswith(OURS)
        pairs = [(point.keeps, point.breaks) for point in mine]
        keeps, breaks = ([statistics.mean(v) for v in each] for each in zip(*pairs))
        errors = [[_deviation(v) for v in each] for each in zip(*pairs)]
        colour = COLOURS[number % len(COLOURS)]
        bars = {"fmt": "none", "ecolor": colour, "elinewidth": 0.8}
        axes.errorbar(keeps, breaks, errors[1], errors[0], **bars)
        axes.plot(
            keeps,
            breaks,
            linestyle="-" if ours else "--",
            marker=MARKERS[number % len(MARKERS)],
            color=colour,
            markerfacecolor=None if ours else "white",
            linewidth=2 if method == RECOMMENDED else 1,
            markersize=7 if method == RECOMMENDED else 5,
            label=method,
        )
    axes.plot([0, 1], [0, 1], ":", color="0.7", linewidth=0.5)
    axes.set(xlim=LIMITS[pair][0], ylim=LIMITS[pair][1])
    axes.set(xlabel=f"accuracy on {pair[0]}", ylabel=f"accuracy on {pair[1]}")
    axes.grid(visible=True)
    figure.legend(loc="outside right upper")
    return figure


def _deviation(values) -> float:
    """The standard deviation of seeds; none of one."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


@styled
def draw_ladder(rows):
    """The error of predicting smoke, by how far the data is from symmetric."""
    figure = new_figure(3.2)
    axes = figure.subplots()
    distances = [plumes.data_error(plumes.rung(rung)) for rung in range(plumes.RUNGS)]
    for number, (key, kept) in enumerate(means(rows, LADDER, "error").items()):
        measured = [rung for rung, task in enumerate(LADDER) if task in kept]
        axes.plot(
            [distances[rung] for rung in measured],
            [statistics.mean(kept[LADDER[rung]]) for rung in measured],
            linestyle="-" if key[0].startswith(OURS) else "--",
            # Colours repeat, of which a marker tells the second.
            marker=MARKERS[number % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            label=_title(*key),
        )
    axes.set(xlabel="data error: relative distance from rotated plumes")
    axes.set(ylabel="error, relative to no change", yscale="log")
    axes.grid(visible=True)
    figure.legend(loc="outside right upper")
    return figure


def write_report(file, benchmark) -> None:
    """Writes the pictures and the page beside the table.

    Args:
        file: Path, of the CSV.
        benchmark: Path, of the table of `symclone-tf benchmark`, whose runs belong
            here too.
    """
    rows = read_all(file, benchmark)
    for pair in PAIRS:
        if found := points(rows, pair):
            picture = file.with_name(f"{file.stem}-{pair[1]}.svg")
            sc.figures.save_figure(draw_frontier(found, pair), picture)
    if means(rows, LADDER, "error"):
        picture = file.with_name(f"{file.stem}-plumes.svg")
        sc.figures.save_figure(draw_ladder(rows), picture)
    page = report(rows, machine())
    file.with_suffix(".md").write_text(page, encoding="utf-8")


def report(rows, about) -> str:
    """The Markdown page.

    Args:
        rows: List of dictionaries, see `runs.read`.
        about: Dictionary, of the machine.
    """
    lines = [
        "# Almost symmetric",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times: seconds are only orders of magnitude. Runs of `mlp`, `cnn`, "
        "`gcnn` and of some clones are those of [mnist/c4.csv](mnist/c4.csv).",
    ]
    for pair in PAIRS:
        for size in sizes([row for row in rows if row["task"] in pair]):
            lines += _pair(points(rows, pair, size), pair, size)
    lines += _gains(chosen(points(rows)))
    sixes = means(rows, SIXES)
    if sixes:
        lines += _plain(
            sixes,
            SIXES,
            "## Sixes",
            "Sixes against sixes rotated by 180° (MNIST6-180, under C4), and against "
            "reflected sixes (MNIST6-M, under D4); accuracy. An invariant network "
            "gets half of them right",
        )
    ladder = means(rows, LADDER, "error")
    if ladder:
        lines += _plain(
            ladder,
            LADDER,
            "## Plumes",
            "A later frame of smoke that rises in four directions, which match less "
            "and less from rung to rung; root mean squared error, relative to that of "
            "predicting that nothing changes",
            ".4f",
        )
    return "\n".join([*lines, ""])


def _pair(found, pair, size) -> list[str]:
    best = knees(found)
    spread = "mean ± standard deviation where there are several seeds."
    lines = [
        "",
        f"## {pair[0].capitalize()} and {pair[1]}, {size[0]:,} images",
        "",
        f"{EXPLAINED[pair]}; {size[1]} epochs of {size[0]:,} images, {spread} Bold: "
        "the knee of a method, its largest value of the smaller of both.",
        "",
        f"| method | strength | seeds | weights | {pair[0]} | upright | {pair[1]} | "
        "smaller | seconds per epoch |",
        "|---|" + "---:|" * 8,
    ]
    for point in found:
        bold = "**" if best[point.method] == point else ""
        cells = [
            point.method,
            "–" if point.strength is None else f"{point.strength:g}",
            str(len(point.keeps)),
            f"{point.weights:,}",
            spread_of(point.keeps),
            spread_of(point.upright) if point.upright else "–",
            spread_of(point.breaks),
            f"{bold}{point.smaller:.1%}{bold}",
            f"{point.seconds:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def gains(best) -> list[list[str]]:
    """What breaks the symmetry in the last layer alone, all regularised alike: a line
    for each method with its strength.

    Args:
        best: Dictionary from methods to `Point`, see `chosen`.
    """
    return [
        [
            method,
            f"{best[method].strength:g}",
            str(len(best[method].keeps)),
            f"{best[method].weights:,}",
            spread_of(best[method].keeps),
            spread_of(best[method].breaks),
        ]
        for method in REGULARISED
        if method in best
    ]


def _gains(best) -> list[str]:
    lines = gains(best)
    if not lines:
        return []
    heads = ["method", "share", "seeds", "weights", *MNIST]
    explained = (
        "All of these may break C4 in their last convolution alone, whose inputs are "
        "transformed by random elements of the group for a share of them, and the "
        "outputs transformed back; the other convolutions are on the group, but for "
        "the CNN's. The share is the best of those tried on 5,000 digits that were "
        "neither trained nor tested on, by the smaller of both accuracies; accuracies "
        "are of the test digits, mean ± standard deviation where there are several "
        "seeds."
    )
    lines = measured_pages.table(heads, lines)
    return ["", "## What the gain is made of", "", explained, "", *lines]


def _plain(found, tasks, heading, explained, form=".1%") -> list[str]:
    names = " | ".join(task.split()[-1] for task in tasks)
    lines = ["", heading, "", f"{explained}.", ""]
    lines += [f"| method | {names} |", "|---|" + "---:|" * len(tasks)]
    for key, kept in found.items():
        cells = [spread_of(kept[t], form) if t in kept else "–" for t in tasks]
        lines.append(f"| {_title(*key)} | {' | '.join(cells)} |")
    return lines


def _title(method, strength) -> str:
    return method if strength is None else f"{method}, {strength:g}"


def spread_of(values, form=".1%") -> str:
    """The mean of values, and their standard deviation if there are several."""
    text = format(statistics.mean(values), form)
    if len(values) > 1:
        text += f" ± {format(statistics.stdev(values), form)}"
    return text
