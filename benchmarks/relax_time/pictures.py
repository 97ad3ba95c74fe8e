"""Pictures of relaxed networks: accuracy by relax time, errors of their layers."""

import itertools
import statistics

from matplotlib.figure import Figure

from benchmarks.relax_time.rows import NEVER, by_relax_time
from symclone_tf.figures.style import COLOURS, new_figure, styled


@styled
def draw_relax_times(rows) -> Figure:
    """Test accuracy against the epoch at which a network was relaxed.

    Args:
        rows: List of dictionaries of one study, see `by_study`.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure = new_figure(3.0)
    axes = figure.subplots()
    found = by_relax_time(rows)
    for number, title in enumerate(dict.fromkeys(title for title, _ in found)):
        times = sorted(at for name, at in found if name == title)
        values = [[row["accuracy"] for row in found[title, at]] for at in times]
        means = [statistics.mean(each) for each in values]
        colour = COLOURS[number % len(COLOURS)]
        if title in NEVER:
            axes.axhline(means[0], color=colour, linestyle="--", label=title)
        else:
            spread = [statistics.stdev(v) if len(v) > 1 else 0 for v in values]
            axes.errorbar(times, means, spread, fmt="o-", color=colour, label=title)
    axes.set(xlabel="epoch at which it was relaxed", ylabel="test accuracy")
    axes.grid(visible=True)
    figure.legend(loc="outside right upper")
    return figure


@styled
def draw_layer_errors(courses) -> Figure:
    """Equivariance errors of every layer while relaxed networks train.

    Args:
        courses: Dictionary from titles to lists of dictionaries from layers to
            errors, before and after each epoch.

    Returns:
        `matplotlib.figure.Figure`, with a panel for each title.
    """
    figure = new_figure(2.2)
    panels = figure.subplots(1, len(courses), sharey=True, squeeze=False)[0]
    for axes, (title, course) in zip(panels, courses.items()):
        for colour, name in zip(itertools.cycle(COLOURS), course[0]):
            errors = [each[name] for each in course]
            axes.plot(range(len(errors)), errors, color=colour, label=name)
        axes.set(title=title, xlabel="epochs after")
        axes.grid(visible=True)
    panels[0].set(ylabel="equivariance error", ylim=(0, None))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    return figure
