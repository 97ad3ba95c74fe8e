"""Figures and page of a probe: which symmetries images have, and where they break."""

import html
import pathlib
import statistics

import numpy as np
from matplotlib.ticker import PercentFormatter

from symclone_tf.figures.html_pages import check_page, figure, table, write_page
from symclone_tf.figures.illustrations import Illustration
from symclone_tf.figures.style import (
    BLUE,
    COLOURS,
    GREY,
    INK,
    ORANGE,
    new_figure,
    styled,
)
from symclone_tf.probe import Probe
from symclone_tf.probe.candidates import Candidate, baseline
from symclone_tf.symmetry import get_group

# Elements of a group, and examples, that a sample of images shows.
MOST_MOVES = 8
_KINDS = (("without", GREY), ("assumed", BLUE), ("may break", ORANGE))


def _accuracies(probe, candidate, size) -> list[float]:
    return [
        run.accuracy
        for run in probe.runs
        if (run.group, run.kind, run.train_size)
        == (candidate.group, candidate.kind, size)
    ]


def _candidate(group, kind) -> Candidate:
    return baseline(group) if kind == "without" else Candidate(group, kind)


@styled
def draw_probe_accuracies(probe: Probe):
    """Accuracy of networks that lack, assume, or may leave each symmetry.

    Args:
        probe: `Probe`.

    Returns:
        `matplotlib.figure.Figure`: a point for each seed, a line for their mean;
        hollow points are of a quarter of the images.

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
        for shift, (kind, colour) in enumerate(_KINDS):
            x = position + 0.22 * (shift - 1)
            for size, fill in sizes:
                found = _accuracies(probe, _candidate(group, kind), size)
                if not found:
                    continue
                axes.plot([x] * len(found), found, "o", color=colour, fillstyle=fill)
                if fill == "full":
                    mean = statistics.mean(found)
                    axes.plot([x - 0.08, x + 0.08], [mean, mean], color=colour)
    for kind, colour in _KINDS:
        axes.plot([], [], "o", color=colour, label=kind)
    axes.plot([], [], "o", color=GREY, fillstyle="none", label="a quarter of images")
    axes.set_xticks(range(len(probe.groups)), map(_title, probe.groups))
    axes.set_xlim(-0.5, len(probe.groups) - 0.5)
    axes.set_ylabel("test accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y")
    drawn.legend(loc="outside right upper")
    return drawn


def _title(group) -> str:
    return get_group(group).title


@styled
def draw_probe_errors(probe: Probe):
    """How far each layer left a symmetry that it was free to leave.

    Args:
        probe: `Probe`.

    Returns:
        `matplotlib.figure.Figure`: mean equivariance errors over seeds.

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
    for shift, group in enumerate(probe.groups):
        found = [
            run.errors
            for run in probe.runs
            if (run.group, run.kind) == (group, "may break")
        ]
        names = list(found[0])
        means = [statistics.mean(errors[name] for errors in found) for name in names]
        positions = np.arange(len(names)) + width * (
            shift - (len(probe.groups) - 1) / 2
        )
        axes.bar(
            positions, means, 0.9 * width, color=COLOURS[shift], label=_title(group)
        )
    axes.set_xticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.set_ylabel("equivariance error")
    axes.grid(axis="y")
    drawn.legend(loc="outside right upper")
    return drawn


@styled
def draw_transformed_images(images, groups):
    """Images as each symmetry moves them: what a network that assumes it confuses.

    Args:
        images: uint8 array of shape `(count, size, size, channels)`.
        groups: List of strings, one image for each.

    Returns:
        `matplotlib.figure.Figure`, a row for each group.

    Example:

    >>> figure = draw_transformed_images(np.zeros((2, 16, 16, 1), "uint8"), ["t2", "c4"])
    >>> len(figure.axes)
    16
    """
    drawn = new_figure(0.95 * len(groups))
    rows = drawn.subplots(len(groups), MOST_MOVES, squeeze=False)
    for row, group, image in zip(rows, groups, images):
        for axes in row:
            axes.set_axis_off()
        row[0].set_axis_on()
        for axes, (title, moved) in zip(row, _moved(image, group)):
            axes.imshow(moved.squeeze(), cmap=INK, vmin=0, vmax=255)
            axes.set_title(title, fontsize=6)
        row[0].set(xticks=[], yticks=[], ylabel=_title(group))
    return drawn


def _moved(image, group):
    """Titles and images, of shifts by an eighth or of the elements of a group."""
    group = get_group(group)
    if not group.is_trivial:
        moved = (group.transform(image[None], e)[0] for e in range(group.order))
        return list(zip(group.element_titles, moved))
    step = max(1, len(image) // 8)
    ways = {"as it is": (0, 0), "down": (1, 0), "up": (-1, 0), "right": (0, 1)}
    ways |= {"left": (0, -1), "down, right": (1, 1), "up, left": (-1, -1)}
    return [
        (title, _shifted(image, step * np.array(way))) for title, way in ways.items()
    ]


def _shifted(image, way):
    """Zeros move in."""
    pad = int(np.abs(way).max())
    wide = np.pad(image, ((pad, pad), (pad, pad), (0, 0)))
    top, left = pad - way
    return wide[top : top + len(image), left : left + len(image)]


def probe_figures(probe: Probe) -> list[Illustration]:
    """The three figures of a probe, with captions.

    Args:
        probe: `Probe`.

    Returns:
        List of `Illustration`.

    Example:

    >>> found = probe("photos", ["t2", "c4"])  # doctest: +SKIP
    >>> [each.name for each in probe_figures(found)]  # doctest: +SKIP
    ['accuracy', 'broken-where', 'moved']
    """
    images = [image for image, _ in probe.images.stream("test", len(probe.groups))]
    plan = probe.plan
    return [
        Illustration(
            "accuracy",
            "Test accuracy of networks that lack a symmetry, assume it, or may leave "
            f"it: {plan.train_size:,} images to train on, and {plan.little_size:,} "
            "where points are hollow. A point is a seed, a line their mean.",
            draw_probe_accuracies(probe),
        ),
        Illustration(
            "broken-where",
            "How far each convolution left a symmetry that it was free to leave: the "
            "largest ‖h(g·x) − g·h(x)‖ / ‖h(x)‖, mean over seeds. 0 is a group "
            "convolution, and about 1 has nothing of the symmetry.",
            draw_probe_errors(probe),
        ),
        Illustration(
            "moved",
            "Images as each symmetry moves them: a network that assumes it takes "
            "those of a row for the same.",
            draw_transformed_images([image.numpy() for image in images], probe.groups),
        ),
    ]


def probe_table(probe: Probe) -> list[dict[str, str]]:
    """A line for each symmetry, for people to read.

    Args:
        probe: `Probe`.

    Returns:
        List of dictionaries from headers to texts.

    Example:

    >>> found = probe("photos", ["t2", "c4"])  # doctest: +SKIP
    >>> [line["Symmetry"] for line in probe_table(found)]  # doctest: +SKIP
    ['T(2)', 'C4']
    """
    lines = []
    for verdict in probe.verdicts:
        line = {"Symmetry": _title(verdict.group), "Verdict": verdict.verdict}
        for kind, _ in _KINDS:
            candidate = _candidate(verdict.group, kind)
            line[kind.capitalize()] = _spread(
                _accuracies(probe, candidate, probe.plan.train_size)
            )
        line["Assuming it"] = _gain(verdict.gain)
        line["with a quarter"] = _gain(verdict.little)
        lines.append(line)
    return lines


def _spread(values) -> str:
    return f"{statistics.mean(values):.1%} ± {statistics.stdev(values):.1%}"


def _gain(interval) -> str:
    """Points of accuracy, and their interval."""
    mean, low, high = (100 * x for x in (interval.mean, interval.low, interval.high))
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def write_probe_page(probe: Probe, output) -> pathlib.Path:
    """Verdicts, table, figures and lines of Keras, in one HTML page.

    Args:
        probe: `Probe`.
        output: String or path; the page of an earlier probe is replaced.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ArtifactError: If `output` is a file of someone else's.
        OSError: If writing fails.

    Example:

    >>> found = probe("photos", ["t2", "c4"])  # doctest: +SKIP
    >>> write_probe_page(found, "probe.html").name  # doctest: +SKIP
    'probe.html'
    """
    output = pathlib.Path(output)
    check_page(output)
    found = "".join(f"<li>{html.escape(v.sentence)}</li>\n" for v in probe.verdicts)
    images, plan = probe.images, probe.plan
    about = (
        f"{images.counts['train']:,} images to train on and {images.counts['test']:,} "
        f"to test on, {images.size}×{images.size} pixels, {len(images.class_names)} "
        f"classes. Each network saw {plan.train_size:,} of them and was stopped by "
        f"{plan.validation_size:,} others; all were tested on the same "
        f"{plan.test_size:,}. {probe.verdicts[0].gain.count} seeds, "
        f"{probe.minutes:.0f} minutes."
    )
    parts = [
        f"<p>{html.escape(about)}</p>",
        f"<ul>\n{found}</ul>",
        f"<p><strong>To begin with:</strong> "
        f"{html.escape(probe.recommendation.sentence)}</p>",
        table(
            "Accuracy, and points that assuming a symmetry gains", probe_table(probe)
        ),
        "<h2>Figures</h2>",
        *map(figure, probe_figures(probe)),
        "<h2>In Keras</h2>",
        f"<pre>{html.escape(probe.recommendation.code)}</pre>",
    ]
    title = f"Symmetries of {pathlib.Path(images.name).name}"
    write_page(output, title, parts)
    return output
