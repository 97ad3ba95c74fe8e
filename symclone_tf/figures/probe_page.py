"""Page of a probe: which symmetries hold for images, and which break."""

import pathlib
import statistics

from symclone_tf.figures.html_pages import check_page, write_page
from symclone_tf.figures.illustrations import Illustration
from symclone_tf.figures.probe_drawings import (
    KINDS,
    accuracies,
    candidate_of,
    draw_probe_accuracies,
    draw_probe_errors,
    draw_transformed_images,
    title_of,
)
from symclone_tf.probe import Probe
from symclone_tf.symmetry import get_group
from symclone_tf.types import Path


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
            "Test accuracy of networks that lack a symmetry, assume it, may break it, "
            "or learn it by augmentation, trained on "
            f"{plan.train_size:,} images (filled points) and {plan.little_size:,} "
            "(hollow points). A point for each seed, a line at their mean.",
            draw_probe_accuracies(probe),
        ),
        Illustration(
            "broken-where",
            "How far each convolution broke a symmetry that it was free to break: the "
            "largest ‖h(g·x) − g·h(x)‖ / ‖h(x)‖, mean over seeds. It is 0 for a group "
            "convolution; at about 1 nothing is left of the symmetry."
            + _lost_by_interpolation(probe.groups),
            draw_probe_errors(probe),
        ),
        Illustration(
            "moved",
            "Images transformed by each symmetry: a network that assumes it cannot "
            "tell apart the images of a row.",
            draw_transformed_images([image.numpy() for image in images], probe.groups),
        ),
    ]


def _lost_by_interpolation(groups) -> str:
    """What the lines on the bars are, if there are any."""
    titles = [title_of(g) for g in groups if not get_group(g).permutes_pixels]
    if not titles:
        return ""
    return (
        f" Lines on the bars of {' and '.join(titles)} are the errors of layers that "
        "assume it: rotations interpolate between pixels, which no layer keeps exactly."
    )


def probe_table(probe: Probe) -> list[dict[str, str]]:
    """A row for each symmetry, for people to read.

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
        line = {"Symmetry": title_of(verdict.group), "Verdict": verdict.verdict}
        line |= _accuracies(probe, verdict.group)
        line["Assuming it"] = _gain(verdict.gain)
        line["over augmentation"] = _gain(verdict.augmentation)
        line["with a quarter"] = _gain(verdict.little)
        lines.append(line)
    return lines


def probe_tables(probe: Probe) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The same in two tables, of at most 80 columns on a terminal.

    Args:
        probe: `Probe`.

    Returns:
        Pair of lists of dictionaries from headers to texts: of accuracies, and of what
        assuming a symmetry changes.

    Example:

    >>> found = probe("photos", ["t2", "c4"])  # doctest: +SKIP
    >>> accuracies, gains = probe_tables(found)  # doctest: +SKIP
    >>> list(gains[0])  # doctest: +SKIP
    ['Symmetry', 'Verdict', 'Over lacking it', 'Over augmentation']
    """
    found, gains = [], []
    for verdict in probe.verdicts:
        name = {"Symmetry": title_of(verdict.group)}
        found.append(name | _accuracies(probe, verdict.group))
        gains.append(
            name
            | {
                "Verdict": verdict.verdict,
                "Over lacking it": _gain(verdict.gain),
                "Over augmentation": _gain(verdict.augmentation),
            }
        )
    return found, gains


def _two(lines) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Accuracies, and what a symmetry changes: together they are wider than a page."""
    gains = ("Verdict", "Assuming it", "over augmentation", "with a quarter")
    found = [{k: v for k, v in line.items() if k not in gains} for line in lines]
    names = ("Symmetry", *gains)
    return found, [{name: line[name] for name in names} for line in lines]


def _accuracies(probe, group) -> dict[str, str]:
    """The accuracies of all kinds of networks for one symmetry."""
    line = {}
    for kind, _ in KINDS:
        candidate = candidate_of(group, kind)
        values = accuracies(probe, candidate, probe.plan.train_size)
        line[kind.capitalize()] = _spread(values)
    return line


def _spread(values) -> str:
    if len(values) < 2:
        return "–"
    return f"{statistics.mean(values):.1%} ± {statistics.stdev(values):.1%}"


def _gain(interval) -> str:
    """Points of accuracy, and their interval."""
    if interval is None:
        return "–"
    mean, low, high = (100 * x for x in (interval.mean, interval.low, interval.high))
    if interval.is_vacuous:
        return f"{mean:+.1f} (any)"
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def write_probe_page(probe: Probe, output: Path) -> pathlib.Path:
    """Writes verdicts, table, figures and code for Keras to one HTML page.

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
    images, plan = probe.images, probe.plan
    about = (
        f"{images.counts['train']:,} training images and {images.counts['test']:,} "
        f"test images, {images.size}×{images.size} pixels, {len(images.class_names)} "
        f"classes. Each network was trained on {plan.train_size:,} images, with "
        f"{plan.validation_size:,} others for early stopping; all were tested on the "
        f"same {plan.test_size:,}. {probe.verdicts[0].gain.count} seeds, "
        f"{probe.minutes:.0f} minutes."
    )
    write_page(
        output,
        "probe.html",
        f"Symmetries of {pathlib.Path(images.name).name}",
        about=about,
        probe=probe,
        tables=_two(probe_table(probe)),
        figures=probe_figures(probe),
    )
    return output
