"""The table of a benchmark: a CSV with a line for each run, and a summary."""

import csv
import dataclasses
import io
import os
import pathlib
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from symclone_tf import earlier
from symclone_tf.artifacts import write_file
from symclone_tf.data.sources import MNIST
from symclone_tf.errors import ArtifactError
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.task_transformations import TASKS
from symclone_tf.types import Path

MEASURED = ("conv_1", "conv_2", "conv_3", "conv_4", "network")
"""The columns of equivariance errors: convolutions, of which networks for images of
more than 64 pixels have more, and the whole network."""

# Tables compare networks that are trained by one recipe, on images as they are.
_FIXED = ("recipe", "augment")
OPTIONS = tuple(
    field.name for field in dataclasses.fields(Experiment) if field.name not in _FIXED
)
FEWEST, MOST = 4, 10
"""The numbers of convolutions for images of up to 64 pixels, and of up to 512."""


def figures_of(convolutions: int) -> tuple[str, ...]:
    """The columns of measurements, for a number of convolutions."""
    errors = (*(f"conv_{n + 1}" for n in range(convolutions)), MEASURED[-1])
    return (
        *("accuracy", "loss", "upright_accuracy"),
        *("parameters", "seconds", "seconds_per_epoch"),
        *(f"{name}_{when}" for name in errors for when in ("before", "after")),
    )


FIGURES = figures_of(FEWEST)
HEADERS = {(*OPTIONS, *figures_of(n)): n for n in range(FEWEST, MOST + 1)}
HEADER = next(iter(HEADERS))
# The columns that tables of earlier versions do not have, the latest of them first.
_ADDED = ("keep_together", "regions", "data", "image_size", "trainable_part", "student")
LATER = tuple(_ADDED[:count] for count in (1, 2, 4, 5, 6))
EARLIER = {
    tuple(name for name in header if name not in names): count
    for header, count in HEADERS.items()
    for names in LATER
}
KNOWN = HEADERS | EARLIER


@dataclasses.dataclass(frozen=True)
class Row:
    """One finished experiment of a benchmark.

    Attributes:
        experiment: `Experiment`.
        figures: Dictionary of the measurements of `run_experiment`, without nesting;
            `None` for those that a network does not have.

    Example:

    >>> row = Row(Experiment("mlp", task="breaking"), {"accuracy": 0.41, "loss": 1.9})
    >>> row.experiment.network, row.figures["accuracy"]
    ('mlp', 0.41)
    """

    experiment: Experiment
    figures: dict[str, Any]


def read_benchmark(file: Path) -> list[Row]:
    """Reads the rows of a benchmark's CSV.

    Args:
        file: String or path. A missing file has no rows, and a last line that is not
            complete is left out.

    Returns:
        List of `Row`.

    Raises:
        ArtifactError: If the file is not the table of a benchmark.

    Example:

    >>> from symclone_tf.experiments.tables import FIGURES, append_row
    >>> figures = dict.fromkeys(FIGURES) | {"accuracy": 0.41, "parameters": 826_506}
    >>> append_row(directory / "c4.csv", Row(Experiment("mlp"), figures))
    >>> [row.figures["accuracy"] for row in read_benchmark(directory / "c4.csv")]
    [0.41]
    """
    file = pathlib.Path(file)
    if not file.exists():
        return []
    try:
        text = file.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        lines = [line for line in csv.reader(whole.splitlines()) if line]
        header = _named_as_today(lines[0]) if lines else HEADER
        known = header in KNOWN
        rows = [_parsed(header, line) for line in lines[1:]] if known else []
    except (ValueError, TypeError, OverflowError, csv.Error) as error:
        raise ArtifactError(f"{file} cannot be read: {error}") from error
    if not known:
        raise ArtifactError(f"{file} is not a table of symclone-tf benchmark")
    return rows


def summarize(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Summarizes rows over seeds: one line for each task and network.

    Args:
        rows: Sequence of `Row`.

    Returns:
        List of dictionaries from headers to texts.

    Example:

    >>> from symclone_tf.experiments.tables import FIGURES
    >>> figures = dict.fromkeys(FIGURES) | {"parameters": 826_506}
    >>> rows = [
    ...     Row(Experiment("mlp", seed=seed), figures | {"accuracy": accuracy})
    ...     for seed, accuracy in enumerate([0.41, 0.43])
    ... ]
    >>> summarize(rows)[0]["Accuracy"]
    '42.0% ± 1.4%'
    """
    kinds: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        kinds.setdefault((row.experiment.task, row.experiment.network), []).append(row)
    order = [(t, network) for t in TASKS for task, network in kinds if task == t]
    names = [name for name in figures_of(_deepest(rows)) if name.endswith("_after")]
    names = [name.removesuffix("_after") for name in names]
    return [_summary(t, network, kinds[t, network], names) for t, network in order]


def markdown(rows: Sequence[Row]) -> str:
    """The summary as a table in Markdown.

    Args:
        rows: Sequence of `Row`, at least one.

    Returns:
        String, see `summarize`.

    Example:

    >>> from symclone_tf.experiments.tables import FIGURES
    >>> figures = dict.fromkeys(FIGURES) | {"accuracy": 0.41, "parameters": 826_506}
    >>> print(markdown([Row(Experiment("mlp"), figures)]))  # doctest: +ELLIPSIS
    | Task | Network | Seeds | Accuracy | Untransformed | Parameters | ...
    | --- | --- | ---: | ---: | ---: | ---: | ...
    | invariance | mlp | 1 | 41.0% | – | 826,506 | ...
    """
    lines = summarize(rows)
    header = list(lines[0])
    table = [header, ["---"] * 2 + ["---:"] * (len(header) - 2)]
    table += [list(line.values()) for line in lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in table)


def _deepest(rows: Sequence[Row]) -> int:
    """The number of convolutions of the deepest network."""
    names = [f"conv_{n}_after" for n in range(MOST + 1)]
    counts = [sum(name in row.figures for name in names) for row in rows]
    return max([FEWEST, *counts])


def _summary(
    task: str, network: str, rows: Sequence[Row], names: Sequence[str]
) -> dict[str, str]:
    def column(name: str) -> list[float]:
        found = (row.figures.get(name) for row in rows)
        return [value for value in found if value is not None]

    summary = {
        "Task": task,
        "Network": network,
        "Seeds": str(len(rows)),
        "Accuracy": _spread(column("accuracy")),
        "Untransformed": _spread(column("upright_accuracy")),
        "Parameters": f"{rows[0].figures['parameters']:,}",
        "s/epoch": _mean(column("seconds_per_epoch")),
    }
    for name in names:
        before, after = column(f"{name}_before"), column(f"{name}_after")
        text = "–"
        if after:
            text = f"{statistics.mean(before):.0e} → {statistics.mean(after):.0e}"
        summary[name.replace("_", " ")] = text
    return summary


def _mean(values: Sequence[float]) -> str:
    """The mean; a run that was resumed after its last epoch has no values."""
    return f"{statistics.mean(values):.1f}" if values else "–"


def _spread(values: Sequence[float]) -> str:
    """The mean, with the standard deviation of several values."""
    if not values:
        return "–"
    text = f"{statistics.mean(values):.1%}"
    return text + (f" ± {statistics.stdev(values):.1%}" if len(values) > 1 else "")


def flat(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The measurements of `run_experiment` as the figures of a row."""
    errors = metrics["equivariance_error"]
    figures: dict[str, Any] = dict.fromkeys(figures_of(max(FEWEST, len(errors) - 1)))
    figures |= {name: metrics[name] for name in figures if name in metrics}
    for name, error in errors.items():
        figures |= {f"{name}_{when}": value for when, value in error.items()}
    return figures


def append_row(file: pathlib.Path, row: Row) -> None:
    """Adds a line at once, in place of one that an interruption cut off."""
    file.parent.mkdir(parents=True, exist_ok=True)
    header = _bring_up_to_date(file, _deepest([row]))
    existing = file.read_bytes() if file.exists() else b""
    if not existing.endswith(b"\n"):
        existing = existing[: existing.rfind(b"\n") + 1]
        if file.exists():
            os.truncate(file, len(existing))
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        if not existing:
            lines.writerow(header)
        lines.writerow(_cells(row, header))
        stream.flush()
        os.fsync(stream.fileno())


def _cells(row: Row, header: Sequence[str]) -> list[Any]:
    options = [getattr(row.experiment, name) for name in OPTIONS]
    figures = [row.figures.get(name) for name in header[len(OPTIONS) :]]
    return [_cell(value) for value in (*options, *figures)]


def _cell(value: Any) -> Any:
    return "x".join(map(str, value)) if isinstance(value, tuple) else value


def _bring_up_to_date(file: pathlib.Path, convolutions: int) -> tuple[str, ...]:
    """Rewrites a table with an earlier header, with columns for all convolutions.

    Returns:
        Tuple of strings, the header of the table.
    """
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    written = tuple(text.partition("\n")[0].split(","))
    there = _named_as_today(written)
    most = max(convolutions, KNOWN.get(there, FEWEST))
    header = (*OPTIONS, *figures_of(most))
    if there in KNOWN and written != header:
        stream = io.StringIO()
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(header)
        lines.writerows(_cells(row, header) for row in read_benchmark(file))
        write_file(file, stream.getvalue().encode())
    return header


def _named_as_today(header: Sequence[str]) -> tuple[str, ...]:
    return tuple(earlier.OPTIONS.get(name, name) for name in header)


def _parsed(header: Sequence[str], line: Sequence[str]) -> Row:
    later: dict[str, str] = dict.fromkeys(LATER[-1], "") | {"data": MNIST}
    cells = {**later, **dict(zip(header, line, strict=True))}
    types = {field.name: field.type for field in dataclasses.fields(Experiment)}
    options = {n: _value(cells[n], types[n]) for n in OPTIONS}
    options["anchor"] = earlier.ANCHORS.get(options["anchor"], options["anchor"])
    figures = {
        name: _value(cells[name], float | None)
        for name in (*FIGURES, *header)
        if name not in OPTIONS
    }
    figures["parameters"] = int(figures["parameters"])
    return Row(Experiment(**options).complete(), figures)


def _value(cell: str, kind: Any) -> Any:
    if cell == "":
        return None
    if any(getattr(each, "__origin__", None) is tuple for each in _kinds(kind)):
        return tuple(int(number) for number in cell.split("x"))
    return next(t for t in (int, float, str) if t in _kinds(kind))(cell)


def _kinds(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", (kind,))
