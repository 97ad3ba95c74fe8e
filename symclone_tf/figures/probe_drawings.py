"""Figures of a probe: accuracies, equivariance errors, and transformed images."""

import statistics
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from symclone_tf.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    new_figure,
    styled,
)
from symclone_tf.probe import Probe
from symclone_tf.probe.candidates import Candidate, augmented, baseline
from symclone_tf.symmetry import get_group
from symclone_tf.types import Array

# Columns of the figure of transformed images.
COLUMNS = 8
AUGMENTED = "augmented"
KINDS = (
    ("without", GREY),
    ("assumed", BLUE),
    ("may break", ORANGE),
    (AUGMENTED, GREEN),
)


def accuracies(probe: Probe, candidate: Candidate | None, size: int) -> list[float]:
    """Test accuracies of a candidate's networks, one for each seed."""
    return [
        run.accuracy
        for run in probe.runs
        if candidate
        and (run.group, run.kind, run.train_size)
        == (candidate.group, candidate.kind, size)
    ]


def candidate_of(group: str, kind: str) -> Candidate | None:
    """The networks that lack, assume, may break, or learn a symmetry, if any do."""
    if kind == AUGMENTED:
        return augmented(group)
    return baseline(group) if kind == "without" else Candidate(group, kind)


@styled
def draw_probe_accuracies(probe: Probe) -> Figure:
    """Accuracy of networks that lack, assume, may break, or learn each symmetry.

    Args:
        probe: `Probe`.

    Returns:
        `matplotlib.figure.Figure`: a point for each seed, a line at their mean;
        hollow points are networks trained on a quarter of the images.

    Example:

    >>> run = Run("c4", "assumed", 0, 128, 0.9, 0.3, 0.5, 8, 99, 1.0, {"conv_1": 0.1})
    >>> plan = Plan(128, 32, 40, 8, {})
    >>> figure = draw_probe_accuracies(Probe(None, ("c4",), plan, [run], [], None, 1.0))
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['C4']
    """
    drawn = new_figure(2.6)
    axes = drawn.subplots()
    sizes = ((probe.plan.train_size, "full"), (probe.plan.little_size, "none"))
    for position, group in enumerate(probe.groups):
        for column, (kind, colour) in enumerate(KINDS):
            x = position + 0.2 * (column - (len(KINDS) - 1) / 2)
            for size, fill in sizes:
                found = accuracies(probe, candidate_of(group, kind), size)
                if not found:
                    continue
                axes.plot([x] * len(found), found, "o", color=colour, fillstyle=fill)
                if fill == "full":
                    mean = statistics.mean(found)
                    axes.plot([x - 0.08, x + 0.08], [mean, mean], color=colour)
    for kind, colour in KINDS:
        axes.plot([], [], "o", color=colour, label=kind)
    axes.plot(
        [], [], "o", color=GREY, fillstyle="none", label="a quarter of the images"
    )
    axes.set_xticks(range(len(probe.groups)), map(title_of, probe.groups))
    axes.set_xlim(-0.5, len(probe.groups) - 0.5)
    axes.set_ylabel("test accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y")
    drawn.legend(loc="outside right upper")
    return drawn


def title_of(group: str) -> str:
    """The title of a group's name."""
    return get_group(group).title


@styled
def draw_probe_errors(probe: Probe) -> Figure:
    """How far each layer broke a symmetry that it was free to break.

    Args:
        probe: `Probe`.

    Returns:
        `matplotlib.figure.Figure`: mean equivariance errors over seeds. Where a group
        interpolates between pixels, a line on each bar is that of layers that assume
        the symmetry, which interpolation loses too.

    Example:

    >>> run = Run("c4", "may break", 0, 128, 0.9, 0.3, 0.5, 8, 99, 1.0, {"conv_1": 0.1})
    >>> figure = draw_probe_errors(Probe(None, ("c4",), None, [run], [], None, 1.0))
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['conv 1']
    """
    drawn = new_figure(2.4)
    axes = drawn.subplots()
    width = 0.8 / len(probe.groups)
    names = []
    for column, group in enumerate(probe.groups):
        broken = _mean_errors(probe, group, "may break")
        names = list(broken)
        positions = np.arange(len(names)) + width * (
            column - (len(probe.groups) - 1) / 2
        )
        colour, wide = COLOURS[column % len(COLOURS)], 0.9 * width
        heights = list(broken.values())
        axes.bar(positions, heights, wide, color=colour, label=title_of(group))
        if not get_group(group).permutes_pixels:
            kept = list(_mean_errors(probe, group, "assumed").values())
            axes.hlines(kept, positions - wide / 2, positions + wide / 2, color=BLACK)
    axes.set_xticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylabel("equivariance error")
    axes.grid(axis="y")
    drawn.legend(loc="outside right upper")
    return drawn


def _mean_errors(probe, group, kind) -> dict[str, float]:
    """The equivariance error of each convolution, over seeds."""
    found = [r.errors for r in probe.runs if (r.group, r.kind) == (group, kind)]
    names = found[0] if found else ()
    return {name: statistics.mean(each[name] for each in found) for name in names}


@styled
def draw_transformed_images(images: Sequence[Array], groups: Sequence[str]) -> Figure:
    """Images transformed by each symmetry, which a network that assumes it confuses.

    Args:
        images: List of arrays of shape `(size, size, channels)`, uint8 or from 0 to 1.
        groups: List of strings, one image for each.

    Returns:
        `matplotlib.figure.Figure`, a row for each group, with at most eight elements.

    Example:

    >>> images = np.zeros((2, 16, 16, 1), "uint8")
    >>> figure = draw_transformed_images(images, ["t2", "c4"])
    >>> len(figure.axes)
    16
    """
    drawn = new_figure(0.95 * len(groups))
    rows = drawn.subplots(len(groups), COLUMNS, squeeze=False)
    for row, group, image in zip(rows, groups, images):
        for axes in row:
            axes.set_axis_off()
        row[0].set_axis_on()
        for axes, (title, transformed) in zip(row, _transformed(image, group)):
            axes.imshow(transformed.squeeze(), cmap=INK, vmin=0, vmax=_white(image))
            axes.set_title(title, fontsize=6)
        row[0].set(xticks=[], yticks=[], ylabel=title_of(group))
    return drawn


def _transformed(image, group):
    """Titles and images, of translations by an eighth or of a group's elements."""
    group = get_group(group)
    if not group.is_trivial:
        count = min(group.order, COLUMNS)
        elements = np.linspace(0, group.order - 1, count).round().astype(int)
        titles = group.element_titles
        return [(titles[e], _by_element(image, group, e)) for e in elements]
    step = max(1, len(image) // 8)
    directions = {"as it is": (0, 0), "down": (1, 0), "up": (-1, 0), "right": (0, 1)}
    directions |= {"left": (0, -1), "down, right": (1, 1), "up, left": (-1, -1)}
    return [
        (title, _translated(image, step * np.array(direction)))
        for title, direction in directions.items()
    ]


def _by_element(image, group, element):
    """The image transformed; between pixels, cubic interpolation may exceed white."""
    found = group.transform(image[None], element)[0]
    found = np.round(found) if image.dtype == np.uint8 else found
    return np.clip(found, 0, _white(image)).astype(image.dtype)


def _white(image):
    return 255 if image.dtype == np.uint8 else 1


def _translated(image, direction):
    """The image translated in pixels, with zeros from outside."""
    pad = int(np.abs(direction).max())
    wide = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
    top, left = pad - direction
    return wide[top : top + len(image), left : left + len(image)]
