"""Figures of training, of the benchmark and of costs."""

import itertools
import re

import numpy as np
from matplotlib.ticker import PercentFormatter

from symclone_tf.experiments import TASKS
from symclone_tf.figures.style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    RED,
    new_figure,
    styled,
)


@styled
def draw_weights(weights, values):
    """How the blocks' weights are distributed at several training steps.

    They start as one peak at zero; in the end a few have the values that the
    teacher's operators take, and all others are zero.

    Args:
        weights: Dictionary from steps to arrays of weights; see
            `weights_while_learning`.
        values: Array of the values that exact answers take.

    Returns:
        `matplotlib.figure.Figure`, with a panel for each step.

    Example:

    >>> figure = draw_weights({0: np.zeros(9), 8: np.arange(9)}, np.arange(9))
    >>> len(figure.axes)
    2

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), appendix
    """
    limit = 1.05 * max(
        np.abs(values).max(), *(np.abs(w).max() for w in weights.values())
    )
    bins = np.linspace(-limit, limit, 122)
    figure = new_figure(1.9)
    panels = figure.subplots(1, len(weights), sharex=True, sharey=True, squeeze=False)[
        0
    ]
    for axes, (step, weight) in zip(panels, weights.items()):
        axes.hist(weight, bins, color=BLUE, log=True)
        axes.set_title(f"step {step}")
        axes.set_xlabel("weight")
    panels[-1].plot(values, np.full(len(values), 0.7), "|", color=RED, clip_on=False)
    panels[0].set_ylabel("how many weights")
    # Room for the legend over the peak at zero.
    panels[0].set_ylim(0.5, 50 * max(len(weight) for weight in weights.values()))
    panels[-1].plot([], [], "|", color=RED, label="teacher's values")
    panels[-1].legend(loc="upper center", borderpad=0, handletextpad=0)
    return figure


@styled
def draw_learning_curves(curves, kernel_size=3):
    """NMSE against steps for several numbers of blocks, with their floors.

    Args:
        curves: Dictionary from numbers of blocks to sequences of NMSE, a value
            for each step; see `learning_curve`. Of a T(2) or lifting layer
            with valid padding, for whose B blocks no linear student gets below
            the Eckart–Young floor, 1 − B / k².
        kernel_size: Integer, k.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> figure = draw_learning_curves({9: [1.0, 0.1, 0.01], 5: [1.0, 0.5, 0.45]})
    >>> len(figure.axes[0].get_lines())  # two curves, a floor, and the legend's
    4
    """
    figure = new_figure(2.6, 4.6)
    axes = figure.subplots()
    for (blocks, curve), colour in zip(curves.items(), COLOURS):
        steps = np.arange(1, len(curve) + 1)
        axes.plot(steps, curve, color=colour, label=f"{blocks} blocks")
        floor = 1 - blocks / kernel_size**2
        if floor > 0:
            axes.axhline(floor, color=colour, linestyle="--", linewidth=0.8)
    axes.plot([], [], "--", color=GREY, linewidth=0.8, label="floor, 1 − B / k²")
    axes.set(yscale="log", xlabel="training step", ylabel="NMSE on fresh pairs")
    axes.grid(visible=True)
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.85))
    return figure


@styled
def draw_accuracies(rows):
    """Accuracy on both tasks, of every network of a benchmark.

    Args:
        rows: List of `Row`, see `read_benchmark`.

    Returns:
        `matplotlib.figure.Figure`: a dot for each seed, a line at their mean.

    Example:

    >>> experiment = Experiment("mlp").complete()
    >>> figure = draw_accuracies([Row(experiment, {"accuracy": 0.5})])
    >>> [axes.get_title() for axes in figure.axes]
    ['invariance', 'breaking']
    """
    networks = list(dict.fromkeys(row.experiment.network for row in rows))
    figure = new_figure(0.7 + 0.2 * len(networks))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, task in zip(panels, TASKS):
        for position, network in enumerate(networks):
            accuracies = [
                row.figures["accuracy"]
                for row in rows
                if (row.experiment.task, row.experiment.network) == (task, network)
            ]
            if not accuracies:
                continue
            axes.plot(
                accuracies,
                [position] * len(accuracies),
                "o",
                color=_colour(network),
                alpha=0.7,
                markeredgewidth=0,
            )
            mean = np.mean(accuracies)
            axes.plot(
                [mean] * 2, [position - 0.35, position + 0.35], color=_colour(network)
            )
        axes.set(title=task, xlim=(0, 1), xlabel="accuracy on test digits")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.grid(visible=True, axis="x")
    panels[0].set_yticks(range(len(networks)), networks)
    panels[0].set_ylim(len(networks) - 0.5, -0.5)
    return figure


@styled
def draw_equivariance(rows):
    """Each convolution's equivariance error, before and after training.

    Args:
        rows: List of `Row`, see `read_benchmark`; means over seeds are drawn.

    Returns:
        `matplotlib.figure.Figure`, with a panel for each task and a line for
        each network, from hollow dots before to filled ones after training.

    Example:

    >>> errors = {f"conv_{i}_{when}": 0.1 for i in (1, 2, 3, 4)
    ...           for when in ("before", "after")}
    >>> figure = draw_equivariance([Row(Experiment("cnn").complete(), errors)])
    >>> len(figure.axes)
    2
    """
    kept = [row for row in rows if row.figures.get("conv_1_after")]
    found = (re.fullmatch(r"(conv_\d+)_after", n) for row in kept for n in row.figures)
    layers = list(dict.fromkeys(each[1] for each in found if each))
    networks = list(dict.fromkeys(row.experiment.network for row in kept))
    # More networks than colours go on with squares.
    styles = [(colour, marker) for marker in "os" for colour in COLOURS]
    figure = new_figure(3.3)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, task in zip(panels, TASKS):
        for index, (network, (colour, marker)) in enumerate(
            zip(networks, itertools.cycle(styles))
        ):
            figures = [
                row.figures
                for row in kept
                if (row.experiment.task, row.experiment.network) == (task, network)
            ]
            if not figures:
                continue
            # Side by side, so that none hides another.
            offset = 0.7 * ((index + 0.5) / len(networks) - 0.5)
            for position, layer in enumerate(layers):
                # The deepest layers not all networks have.
                measured = [f for f in figures if f.get(f"{layer}_after") is not None]
                if not measured:
                    continue
                before, after = (
                    np.mean([f[f"{layer}_{when}"] for f in measured])
                    for when in ("before", "after")
                )
                x = [position + offset] * 2
                axes.plot(x, [before, after], color=colour, linewidth=0.8)
                dot = {"color": colour, "marker": marker}
                axes.plot(x[:1], [before], **dot, markerfacecolor="white")
                axes.plot(x[:1], [after], **dot)
        axes.set(title=task, yscale="log")
        axes.set_xticks(range(len(layers)), [n.replace("_", " ") for n in layers])
        axes.grid(visible=True, axis="y")
    panels[0].set_ylabel("equivariance error")
    for network, (colour, marker) in zip(networks, itertools.cycle(styles)):
        panels[0].plot([], [], marker, color=colour, label=network)
    panels[0].plot([], [], "o", color=GREY, markerfacecolor="white", label="before")
    panels[0].plot([], [], "o", color=GREY, label="after training")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@styled
def draw_costs(results):
    """Time and memory of cloning against image size.

    Args:
        results: Dictionary, what `python -m benchmarks.cloning` writes.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> rows = [{"layer": "T(2)", "size": n, "seconds": n, "memory": n} for n in (8, 9)]
    >>> figure = draw_costs({"training": rows, "solving": rows})
    >>> len(figure.axes)
    2
    """
    figure = new_figure(2.8)
    panels = figure.subplots(1, 2)
    names = list(dict.fromkeys(row["layer"] for row in results["solving"]))
    for name, colour in zip(names, (BLUE, RED, GREEN)):
        for part, label, line in (
            ("training", "trained", "-o"),
            ("solving", "closed form", "--s"),
        ):
            rows = [row for row in results[part] if row["layer"] == name]
            sizes = [row["size"] for row in rows]
            options = {"color": colour, "label": f"{name}, {label}"}
            panels[0].plot(sizes, [row["seconds"] for row in rows], line, **options)
            memory = [row["memory"] / 1e6 for row in rows]
            panels[1].plot(sizes, memory, line, **options)
    ticks = sorted({row["size"] for row in results["solving"]})
    quantities = ("seconds to NMSE 1e-6", "peak memory, MB")
    for axes, quantity in zip(panels, quantities):
        axes.set(xscale="log", yscale="log", xlabel="image size, pixels")
        axes.set_ylabel(quantity)
        axes.set_xticks(ticks, labels=[str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.grid(visible=True)
    panels[0].legend()
    return figure


def _colour(network) -> str:
    """Clones in one colour, what they are compared with in another."""
    if "trainable" in network or "anchored" in network:
        return RED
    return BLUE if "frozen" in network else GREY
