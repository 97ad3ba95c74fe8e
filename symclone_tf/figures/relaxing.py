"""Figures of relaxed networks: when it paid, and where they left the convolution."""

import itertools
import statistics

import numpy as np

from symclone_tf.figures.relax_times import NEVER, by_relax_time
from symclone_tf.figures.style import COLOURS, new_figure, styled
from symclone_tf.layers import ClonedConv2D
from symclone_tf.networks import convolution_layers
from symclone_tf.students import LocallyConnectedStudent


def position_deviations(model) -> dict[str, np.ndarray]:
    """How far local clones have left their convolution, place by place.

    Args:
        model: `keras.Model`, as `relax` gives it, trained or not.

    Returns:
        Dictionary from the names of layers to arrays of shape `(height, width)`: of
        each output pixel p the norm of D[p] minus its mean over all places, where D[p]
        is the k²×k² matrix that deforms all kernels there: 1 in a convolution. Of
        layers under T(2) alone.

    Example:

    >>> convolution = keras.layers.Conv2D(4, 3, name="edges")
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), convolution])
    >>> relaxed, _ = relax(model, verbose=0)
    >>> position_deviations(relaxed)["edges"].shape
    (6, 6)
    """
    found = {}
    for layer in convolution_layers(model):
        student = getattr(layer, "student", None)
        local = isinstance(student, LocallyConnectedStudent) and isinstance(
            layer, ClonedConv2D
        )
        if local and student.teacher.representation_out == 1:
            grid = student.teacher.new_grid
            found[layer.name] = _left(student).reshape(grid)
    return found


def _left(student) -> np.ndarray:
    (blocks,) = student.block_weights
    deformed = blocks.numpy() @ student.encoder.kernel.numpy().T
    # What lies outside of the image moves nothing.
    inside = (student.teacher.receptive_fields >= 0)[..., None]
    mean = np.sum(deformed * inside, axis=0) / np.sum(inside, axis=0)
    return np.linalg.norm((deformed - mean) * inside, axis=(1, 2))


@styled
def draw_position_deviations(maps):
    """Where in the image each layer has left its convolution, and how far.

    Args:
        maps: Dictionary, see `position_deviations`, not empty.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> figure = draw_position_deviations({"conv_1": np.eye(6), "conv_2": np.eye(4)})
    >>> [axes.get_title() for axes in figure.axes[:2]]  # and two colour bars
    ['conv_1', 'conv_2']
    """
    columns = min(len(maps), 4)
    rows = -(-len(maps) // columns)
    figure = new_figure(1.9 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, norms) in zip(panels, maps.items()):
        shown = axes.imshow(np.asarray(norms), vmin=0, cmap="viridis")
        axes.set(title=name, xticks=[], yticks=[])
        figure.colorbar(shown, ax=axes, shrink=0.7)
    for axes in panels[len(maps) :]:
        axes.set_axis_off()
    return figure


@styled
def draw_relax_times(rows):
    """Test accuracy against the epoch at which a network was relaxed.

    Args:
        rows: List of dictionaries of one study, see `by_study`.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> courses = {("relaxed", 1): 0.8, ("relaxed", 3): 0.9, ("cnn", 0): 0.7}
    >>> rows = [{"variant": variant, "relaxed_at": epoch, "accuracy": accuracy}
    ...         for (variant, epoch), accuracy in courses.items()]
    >>> figure = draw_relax_times(rows)
    >>> sorted(text.get_text() for text in figure.legends[0].get_texts())
    ['cnn', 'relaxed']
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
def draw_layer_errors(courses):
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
        axes.set(title=title, xlabel="epochs since")
        axes.grid(visible=True)
    panels[0].set(ylabel="equivariance error", ylim=(0, None))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    return figure
