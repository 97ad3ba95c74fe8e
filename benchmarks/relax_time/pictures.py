"""One figure: accuracy, and what an epoch takes, by regions."""

import statistics

from matplotlib.figure import Figure

from benchmarks.relax_time.networks import GOES_ON, MLP
from benchmarks.relax_time.rows import by_network
from symclone_tf.figures.style import BLACK, BLUE, GREEN, RED, new_figure, styled

# Networks without regions, as lines across: the CNN that goes on first.
ACROSS = {next(iter(GOES_ON)): (BLACK, "--"), "untied": (RED, ":"), MLP: (GREEN, "-.")}
RELAXED = [title for title in GOES_ON if title not in ACROSS]


@styled
def draw_regions(rows) -> Figure:
    """Accuracy and seconds of relaxed networks against their regions.

    Args:
        rows: List of dictionaries, as `read_rows` gives them, not empty.

    Returns:
        `matplotlib.figure.Figure`: a column for each data, a row for each number of
        images, and at the bottom the seconds of an epoch with the most images.
    """
    data = list(dict.fromkeys(row["data"] for row in rows))
    sizes = sorted({row["images"] for row in rows}, reverse=True)
    figure = new_figure(1.7 * (len(sizes) + 1))
    panels = figure.subplots(len(sizes) + 1, len(data), sharex=True, squeeze=False)
    for column, name in zip(panels.T, data):
        for axes, size in zip(column, [*sizes, sizes[0]]):
            what = "seconds_per_epoch" if axes is column[-1] else "accuracy"
            kept = [r for r in rows if (r["data"], r["images"]) == (name, size)]
            _draw_panel(axes, by_network(kept), what)
        column[0].set_title(name.replace("_", "-"))
    for axes, size in zip(panels[:, 0], sizes):
        axes.set_ylabel(f"accuracy,\n{size:,} images")
    panels[-1, 0].set_ylabel(f"seconds an epoch,\n{sizes[0]:,} images")
    for axes in panels[-1]:
        axes.set_ylim(0, None)
        axes.set_xlabel("regions")
    legend = panels[0, 0].get_legend_handles_labels()
    figure.legend(*legend, loc="outside upper center", ncols=1 + len(ACROSS))
    return figure


def _draw_panel(axes, networks, what):
    values = {name: [row[what] for row in kept] for name, kept in networks.items()}
    places = [place for place, name in enumerate(RELAXED) if name in values]
    shown = [values[RELAXED[place]] for place in places]
    means = [statistics.mean(each) for each in shown]
    spread = [statistics.stdev(each) if len(each) > 1 else 0 for each in shown]
    axes.errorbar(places, means, spread, fmt="o-", color=BLUE, label="relaxed")
    for name, (colour, line) in ACROSS.items():
        if name in values:
            mean = statistics.mean(values[name])
            axes.axhline(mean, color=colour, linestyle=line, label=name)
    names = [name.partition(", ")[2].removeprefix("per ") for name in RELAXED]
    axes.set_xticks(range(len(RELAXED)), names)
    axes.grid(visible=True)
