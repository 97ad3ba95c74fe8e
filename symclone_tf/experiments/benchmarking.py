"""Every network on both tasks, as one table that can be continued."""

import csv
import dataclasses
import os
import pathlib
import statistics

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.experiments.datasets import TASKS
from symclone_tf.errors import ArtifactError
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.symmetry import get_group
from symclone_tf.artifacts import check_directory, write_file
from symclone_tf.experiments.running import experiment_checkpoint, run_experiment

# Networks that are trained with every seed, and variants that are trained once.
NETWORKS = (
    {"architecture": "mlp"},
    {"architecture": "cnn"},
    {"architecture": "gcnn"},
    {"architecture": "cloned", "symmetry": "frozen"},
    {"architecture": "cloned", "symmetry": "trainable"},
)
ANCHOR_STRENGTHS = (1e2, 1e3, 1e4)
VARIANTS = (
    *(
        {
            "architecture": "cloned",
            "symmetry": "anchored",
            "anchor": "kl",
            "anchor_strength": strength,
        }
        for strength in ANCHOR_STRENGTHS
    ),
    {"architecture": "cloned", "symmetry": "frozen", "blocks": 8},
    {"architecture": "cloned", "symmetry": "frozen", "blocks": 7},
)

MEASURED = ("conv_1", "conv_2", "conv_3", "conv_4", "network")
_FIGURES = (
    "accuracy",
    "loss",
    "upright_accuracy",
    "parameters",
    "seconds",
    "seconds_per_epoch",
    *(f"{name}_{when}" for name in MEASURED for when in ("before", "after")),
)
_OPTIONS = tuple(field.name for field in dataclasses.fields(Experiment))
# What all rows of one table have in common.
_SHARED = tuple(
    name
    for name in _OPTIONS
    if name
    not in (
        *("task", "seed", "architecture", "symmetry", "blocks"),
        *("anchor", "anchor_strength"),
    )
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One finished experiment of a benchmark.

    Attributes:
        experiment: `Experiment`.
        figures: Dictionary, what `run_experiment` measured, flat; `None` where
            a network has no such figure.
    """

    experiment: Experiment
    figures: dict


def benchmark_plan(group, seeds=3, **options) -> list[Experiment]:
    """All experiments of a benchmark, in the order in which they run.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        seeds: Integer, how many seeds the main networks are trained with:
            `"mlp"`, `"cnn"`, `"gcnn"`, and frozen and trainable clones. The
            anchored clones and those of 8 and 7 blocks are trained with seed 0.
        **options: Of `Experiment`, the same for all.

    Returns:
        List of `Experiment`.

    Raises:
        ValueError: If an option is not accepted.

    Example:

    >>> len(benchmark_plan("c4", seeds=3))
    40
    """
    positive_integer("seeds", seeds)
    for name in options:
        one_of("options", name, _SHARED)
    main = [
        Experiment(group=group, task=task, seed=seed, **network, **options)
        for seed in range(seeds)
        for task in TASKS
        for network in NETWORKS
    ]
    variants = [
        Experiment(group=group, task=task, **network, **options)
        for task in TASKS
        for network in VARIANTS
    ]
    return [experiment.complete() for experiment in (*main, *variants)]


def benchmark(
    group,
    seeds=3,
    output="benchmark",
    clones="exported",
    data_dir=None,
    verbose=1,
    **options,
):
    """Runs every experiment that has not been run yet.

    Each finished experiment is a line of `output/group.csv` at once, and
    `output/group.md` sums up what there is; started again, a benchmark goes on
    after the last of them, and within the one that was interrupted.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        seeds: Integer, see `benchmark_plan`.
        output: String or path, the folder of the tables.
        clones: String or path, the root of all exported clones.
        data_dir: String or path, see `mnist_task`.
        verbose: Integer, 0 for silence, 1 for progress bars on stderr.
        **options: Of `Experiment`, the same for all.

    Yields:
        `Row`, in the order of `benchmark_plan`: those of earlier runs at once.

    Raises:
        ValueError: If an option is not accepted, or the table that is there
            was made with others.
        DataError, CloningError: See `run_experiment`.
    """
    wanted = benchmark_plan(group, seeds, **options)
    file = check_directory(output) / f"{get_group(group).name}.csv"
    done = {row.experiment: row for row in read_benchmark(file)}
    _check_shared(file, done, wanted[0])
    _write_table(file, wanted, done)  # an interruption may have come before
    for experiment in wanted:
        if experiment not in done:
            checkpoint = experiment_checkpoint(experiment, output)
            _, metrics = run_experiment(
                experiment, clones, data_dir, verbose, checkpoint, resume=True
            )
            done[experiment] = Row(experiment, _flat(metrics))
            _append(file, done[experiment])
            checkpoint.remove()
            _write_table(file, wanted, done)
        yield done[experiment]


def read_benchmark(file) -> list[Row]:
    """The rows of a benchmark's CSV.

    Args:
        file: String or path. A file that is not there has no rows, and a last
            line that was interrupted is none.

    Returns:
        List of `Row`.

    Raises:
        ArtifactError: If the file is not the table of a benchmark.
    """
    file = pathlib.Path(file)
    if not file.exists():
        return []
    try:
        text = file.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        lines = [line for line in csv.reader(whole.splitlines()) if line]
        known = not lines or tuple(lines[0]) == (*_OPTIONS, *_FIGURES)
        rows = [_parsed(line) for line in lines[1:]] if known else []
    except (ValueError, TypeError, OverflowError, csv.Error) as error:
        raise ArtifactError(f"{file} cannot be read: {error}") from error
    if not known:
        raise ArtifactError(f"{file} is not a table of symclone-tf benchmark")
    return rows


def summarize(rows) -> list[dict[str, str]]:
    """One line per task and network, over seeds, for people to read.

    Args:
        rows: List of `Row`.

    Returns:
        List of dictionaries from headers to texts.
    """
    kinds = {}
    for row in rows:
        kinds.setdefault((row.experiment.task, row.experiment.network), []).append(row)
    order = [(t, network) for t in TASKS for task, network in kinds if task == t]
    return [_summary(task, network, kinds[task, network]) for task, network in order]


def markdown(rows) -> str:
    """The summary as a table in Markdown."""
    lines = summarize(rows)
    header = list(lines[0])
    table = [header, ["---"] * 2 + ["---:"] * (len(header) - 2)]
    table += [list(line.values()) for line in lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in table)


def _summary(task, network, rows):
    def column(name):
        return [row.figures[name] for row in rows if row.figures[name] is not None]

    summary = {
        "Task": task,
        "Network": network,
        "Seeds": str(len(rows)),
        "Accuracy": _spread(column("accuracy")),
        "Unmoved": _spread(column("upright_accuracy")),
        "Parameters": f"{rows[0].figures['parameters']:,}",
        "s/epoch": _mean(column("seconds_per_epoch")),
    }
    for name in MEASURED:
        before, after = column(f"{name}_before"), column(f"{name}_after")
        text = "–"
        if after:
            text = f"{statistics.mean(before):.0e} → {statistics.mean(after):.0e}"
        summary[name.replace("_", " ")] = text
    return summary


def _mean(values) -> str:
    """A run that was resumed after its last epoch has none."""
    return f"{statistics.mean(values):.1f}" if values else "–"


def _spread(values) -> str:
    """Mean, and standard deviation where there are several."""
    if not values:
        return "–"
    text = f"{statistics.mean(values):.1%}"
    return text + (f" ± {statistics.stdev(values):.1%}" if len(values) > 1 else "")


def _flat(metrics) -> dict:
    flat = {name: metrics.get(name) for name in _FIGURES}
    for name, error in metrics["equivariance_error"].items():
        flat |= {f"{name}_{when}": value for when, value in error.items()}
    return flat


def _write_table(file, wanted, done) -> None:
    rows = [done[experiment] for experiment in wanted if experiment in done]
    if rows:
        write_file(file.with_suffix(".md"), markdown(rows).encode())


def _append(file, row) -> None:
    """Adds a line at once, after mending one that an interruption cut off."""
    file.parent.mkdir(parents=True, exist_ok=True)
    existing = file.read_bytes() if file.exists() else b""
    if not existing.endswith(b"\n"):
        existing = existing[: existing.rfind(b"\n") + 1]
        if file.exists():
            os.truncate(file, len(existing))
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        if not existing:
            lines.writerow((*_OPTIONS, *_FIGURES))
        lines.writerow((*dataclasses.astuple(row.experiment), *row.figures.values()))
        stream.flush()
        os.fsync(stream.fileno())


def _parsed(line) -> Row:
    cells = dict(zip((*_OPTIONS, *_FIGURES), line, strict=True))
    types = {field.name: field.type for field in dataclasses.fields(Experiment)}
    options = {n: _value(cells[n], types[n]) for n in _OPTIONS}
    figures = {n: _value(cells[n], float | None) for n in _FIGURES}
    figures["parameters"] = int(figures["parameters"])
    return Row(Experiment(**options).complete(), figures)


def _value(cell, kind):
    if cell == "":
        return None
    return next(t for t in (int, float, str) if t in _kinds(kind))(cell)


def _kinds(kind):
    return getattr(kind, "__args__", (kind,))


def _check_shared(file, done, wanted) -> None:
    for experiment in done:
        for name in _SHARED:
            there, asked = getattr(experiment, name), getattr(wanted, name)
            if there != asked:
                raise ValueError(
                    f"`output` holds {file}, made with {name}={there}: a table is "
                    f"of one kind. Give another folder. Received: {name}={asked}"
                )
