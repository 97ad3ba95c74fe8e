"""Figures of cloning, and accuracies of the benchmark."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from symclone_tf.experiments import TASKS, Row
from symclone_tf.figures.style import (
    BLUE,
    COLOURS,
    GREY,
    RED,
    new_figure,
    styled,
)
from symclone_tf.types import Array

# Floors of less are those of exact clones.
ROUNDING = 1e-6


@styled
def draw_weights(weights: dict[int, Array], values: Array) -> Figure:
    """How the blocks' weights are distributed at several training steps.

    They start in one peak at zero; in the end a few have the values of the teacher's
    operators, and all others are zero.

    Args:
        weights: Dictionary from steps to arrays of weights; see
            `weights_while_learning`.
        values: Array of the values that the weights of an exact clone take.

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
    panels[0].set_ylabel("number of weights")
    # Room for the legend over the peak at zero.
    panels[0].set_ylim(0.5, 50 * max(len(weight) for weight in weights.values()))
    panels[-1].plot([], [], "|", color=RED, label="teacher's values")
    panels[-1].legend(loc="upper center", borderpad=0, handletextpad=0)
    return figure


@styled
def draw_learning_curves(
    curves: dict[int, list[float]],
    kernel_size: int = 3,
    floors: dict[int, float] | None = None,
) -> Figure:
    """NMSE against steps for several numbers of blocks, with their floors.

    Args:
        curves: Dictionary from numbers of blocks to sequences of NMSE, a value
            for each step; see `learning_curve`.
        kernel_size: Integer, k.
        floors: Dictionary from numbers of blocks to the least NMSE that linear students
            reach; `None` for the Eckart–Young floor of T(2), and of lifting layers with
            valid padding whose group permutes pixels: no linear student of B blocks
            gets below 1 − B / k².

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
        floor = 1 - blocks / kernel_size**2 if floors is None else floors[blocks]
        if floor > ROUNDING:
            axes.axhline(floor, color=colour, linestyle="--", linewidth=0.8)
    label = "floor, 1 − B / k²" if floors is None else "floor"
    axes.plot([], [], "--", color=GREY, linewidth=0.8, label=label)
    axes.set(yscale="log", xlabel="training step", ylabel="NMSE on fresh pairs")
    axes.grid(visible=True)
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.85))
    return figure


@styled
def draw_accuracies(rows: list[Row]) -> Figure:
    """Accuracy of every network of a benchmark, on both tasks.

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


def _colour(network) -> str:
    """One colour for frozen clones, one for others, and one for other networks."""
    if "trainable" in network or "anchored" in network:
        return RED
    return BLUE if "frozen" in network else GREY
