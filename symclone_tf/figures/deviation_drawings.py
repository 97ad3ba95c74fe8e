"""Pictures of how kernels are deformed, and of how far clones deviate, by position."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from symclone_tf.figures.style import new_figure, show_pixels, styled
from symclone_tf.types import Array, ArrayLike

# What of a deviation is float32's rounding, and fills no scale of colours.
ROUNDING = 1e-5


@styled
def draw_deformations(deformations: dict[int, Array], titles: Sequence[str]) -> Figure:
    """How a locally connected student learns to do the same at all positions.

    Args:
        deformations: Dictionary from steps to arrays of shape `(positions, r,
            entries)`, see `deformations_while_learning`.
        titles: List of strings, one for each position.

    Returns:
        `matplotlib.figure.Figure`, with a row for each position and a column for
        each step.

    Example:

    >>> kept = {0: np.zeros((2, 9, 9)), 77: np.stack([np.eye(9)] * 2)}
    >>> figure = draw_deformations(kept, ["corner", "centre"])
    >>> len(figure.axes)  # and a colour bar
    5
    """
    figure = new_figure(0.4 + 1.1 * len(titles), 0.9 + 1.25 * len(deformations))
    grid = figure.subplots(len(titles), len(deformations), squeeze=False)
    for column, (step, matrices) in zip(grid.T, deformations.items()):
        for axes, matrix in zip(column, matrices):
            show_pixels(axes, matrix, 1.0)
        column[0].set_title("before" if step == 0 else f"step {step}")
        column[-1].set_xlabel("kernel entry")
    for axes, title in zip(grid[:, 0], titles):
        axes.set_ylabel(title)
    image = grid[0, -1].images[0]
    bar = figure.colorbar(image, ax=grid, shrink=0.8, aspect=30, pad=0.01)
    bar.outline.set_linewidth(0.5)
    return figure


@styled
def draw_position_deviations(deviations: Mapping[str, ArrayLike]) -> Figure:
    """How far each layer deviates from its teacher at each position.

    Args:
        deviations: Dictionary, not empty, see `sc.networks.teacher_deviations`, for
            clones of all kinds, or `position_deviations`. Of a group's elements the
            norm is drawn.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> figure = draw_position_deviations({"conv_1": np.eye(6), "conv_2": np.eye(4)})
    >>> [axes.get_title() for axes in figure.axes[:2]]  # and two colour bars
    ['conv_1', 'conv_2']
    """
    columns = min(len(deviations), 4)
    rows = -(-len(deviations) // columns)
    figure = new_figure(1.9 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, norms) in zip(panels, deviations.items()):
        norms = np.asarray(norms)
        if norms.ndim == 3:
            norms = np.linalg.norm(norms, axis=-1)
        most = max(ROUNDING, float(norms.max()))
        shown = axes.imshow(norms, vmin=0, vmax=most, cmap="viridis")
        axes.set(title=name, xticks=[], yticks=[])
        figure.colorbar(shown, ax=axes, shrink=0.7)
    for axes in panels[len(deviations) :]:
        axes.set_axis_off()
    return figure
