"""Equivariance errors of layers: of a benchmark's networks, and during training."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from symclone_tf.experiments import TASKS, Row
from symclone_tf.figures.style import BLACK, COLOURS, GREY, new_figure, styled
from symclone_tf.networks import EquivarianceErrors
from symclone_tf.symmetry import get_group

# How the teacher's own errors are drawn.
OWN = {"color": GREY, "linewidth": 0.8}
# Below float32's rounding, for errors of 0, which a logarithmic axis has not.
FLOOR = 1e-8
WHOLE = "whole network"


@styled
def draw_equivariance(
    rows: Sequence[Row] | Mapping[str, Sequence[float]] | EquivarianceErrors,
    points: Sequence[str] | None = None,
) -> Figure:
    """Each convolution's equivariance error: while a network trains, or of a benchmark.

    Args:
        rows: Dictionary from layer names to errors, one for each epoch and the first
            from before training, as `EquivarianceErrors.history`; or the callback
            itself, to draw the error of the whole network too; or a list of `Row` of a
            benchmark, see `read_benchmark`, whose means over seeds are drawn.
        points: Sequence of strings, what the errors of a history are of, as
            `("before", "after training")`; `None` for epochs.

    Returns:
        `matplotlib.figure.Figure`, of a history with a curve for each layer on a
        logarithmic axis, where errors of less than 1e-8 are drawn at 1e-8. More than
        eight layers have the colours of a scale, from first to last. Of a benchmark it
        has a panel for each task and a line for each network, from a hollow dot before
        training to a filled one after it. Where the group's transformations
        interpolate, a grey line for each convolution is the teacher's own error after
        training: that of the `"gcnn"`, which has exact convolutions.

    Raises:
        ValueError: If there is nothing to draw.

    Example:

    >>> history = {"conv_1": [1e-7, 1e-7, 1e-7], "conv_2": [1e-7, 0.02, 0.4]}
    >>> (axes,) = draw_equivariance(history).axes
    >>> [line.get_label() for line in axes.get_lines()]
    ['conv_1', 'conv_2']
    >>> errors = {f"conv_{i}_{when}": 0.1 for i in (1, 2, 3, 4)
    ...           for when in ("before", "after")}
    >>> figure = draw_equivariance([Row(Experiment("cnn").complete(), errors)])
    >>> len(figure.axes)
    2
    """
    if isinstance(rows, EquivarianceErrors):
        network = [each.equivariance_error for each in rows.network]
        whole = {WHOLE: network} if network else {}
        return _of_history({**rows.history, **whole}, points)
    if isinstance(rows, Mapping):
        return _of_history(rows, points)
    return _of_benchmark(rows)


def _of_history(history, points) -> Figure:
    if not history or not all(len(errors) for errors in history.values()):
        raise ValueError(
            "`rows` must have an error for each layer at least, as the history of "
            f"EquivarianceErrors has after `fit`. Received: rows={dict(history)}"
        )
    figure = new_figure(2.8)
    axes = figure.subplots()
    layers = [name for name in history if name != WHOLE]
    scale = None
    if len(layers) > len(COLOURS) - 1:
        scale = matplotlib.colormaps["viridis"].resampled(len(layers))
    for number, (name, errors) in enumerate(history.items()):
        look: dict[str, Any] = {"color": COLOURS[number % len(COLOURS)]}
        if scale:
            look = {"color": scale(number)}
        if name == WHOLE:
            look = {"color": BLACK, "linestyle": "--"}
        axes.plot(np.maximum(errors, FLOOR), marker="o", label=name, **look)
    axes.set(yscale="log", ylabel="equivariance error")
    if points is None:
        axes.set_xlabel("epoch, 0 before training")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.set_xticks(range(len(points)), points)
    axes.grid(visible=True)
    if not scale:
        figure.legend(loc="outside right upper")
        return figure
    ends = [(scale(0), f"{layers[0]}, first"), (scale(1.0), f"{layers[-1]}, last")]
    handles = [Line2D([], [], color=colour, label=label) for colour, label in ends]
    if WHOLE in history:
        handles.append(Line2D([], [], color=BLACK, linestyle="--", label=WHOLE))
    figure.legend(handles=handles, loc="outside right upper")
    return figure


def _of_benchmark(rows) -> Figure:
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
            # Next to each other, so that none hides another.
            offset = 0.7 * ((index + 0.5) / len(networks) - 0.5)
            for position, layer in enumerate(layers):
                # Not all networks have the deepest layers.
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
        for position, own in enumerate(_own_errors(kept, task, layers)):
            axes.plot([position - 0.4, position + 0.4], [own] * 2, "--", **OWN)
        axes.set(title=task, yscale="log")
        axes.set_xticks(range(len(layers)), [n.replace("_", " ") for n in layers])
        axes.grid(visible=True, axis="y")
    panels[0].set_ylabel("equivariance error")
    for network, (colour, marker) in zip(networks, itertools.cycle(styles)):
        panels[0].plot([], [], marker, color=colour, label=network)
    panels[0].plot([], [], "o", color=GREY, markerfacecolor="white", label="before")
    panels[0].plot([], [], "o", color=GREY, label="after training")
    if any(_own_errors(kept, task, layers) for task in TASKS):
        panels[0].plot([], [], "--", **OWN, label="teacher's own, by interpolation")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _own_errors(rows, task, layers) -> list[float]:
    """Of exact convolutions, where transformations interpolate; NaN if unknown."""
    figures = [
        row.figures
        for row in rows
        if (row.experiment.task, row.experiment.architecture) == (task, "gcnn")
        and not get_group(row.experiment.group).permutes_pixels
    ]
    if not figures:
        return []
    found = [[f.get(f"{layer}_after") or np.nan for f in figures] for layer in layers]
    return [float(np.mean(each)) for each in found]
