"""Tables and figures of a run, as one page that needs nothing else."""

import json
import pathlib

from symclone_tf.artifacts import METRICS, list_artifacts, version_number
from symclone_tf.errors import ArtifactError
from symclone_tf.experiments import read_benchmark, summarize
from symclone_tf.figures.illustrating import Illustration, illustrate
from symclone_tf.figures.pages import check_page, figure, table, write_page
from symclone_tf.figures.relaxing import (
    by_study,
    draw_places_left,
    draw_relax_times,
    has_course,
    read_places_left,
    read_relax_times,
    typical,
)
from symclone_tf.symmetry import GROUPS, get_group

_INTRODUCTION = """<p>NMSE is the mean squared error relative to the teacher's power, \
on fresh images and kernels. The equivariance error is the largest ‖h(g·x) − g·h(x)‖ / \
‖h(x)‖ over the group.</p>"""


def make_report(
    output="report.html",
    groups=None,
    clones="exported",
    benchmark="benchmark",
    trained="trained",
    relax_times=None,
    **options,
) -> pathlib.Path:
    """Gathers tables and figures of a run into one HTML page.

    Args:
        output: String or path of the page; that of an earlier run is replaced.
        groups: List of strings; `None` for those of which there are clones or
            a benchmark.
        clones: String or path, the root of all exported clones.
        benchmark: String or path, the folder of `symclone-tf benchmark`'s
            tables.
        trained: String or path, the root of all trained classifiers.
        relax_times: String or path of the table that `python -m
            benchmarks.relax_time` has written; `None` for none.
        **options: Of `illustrate`.

    Returns:
        `pathlib.Path` of the page, with all figures in it.

    Raises:
        ValueError: If an argument is not accepted.
        ArtifactError: If there is nothing to report, `output` is a file of
            someone else's, or something cannot be read.
        OSError: If writing fails.
    """
    output = pathlib.Path(output)
    check_page(output)
    artifacts = list_artifacts(clones) if pathlib.Path(clones).is_dir() else []
    found = groups or [
        name
        for name in GROUPS
        if any(artifact.group == name for artifact in artifacts)
        or pathlib.Path(benchmark, f"{name}.csv").exists()
    ]
    if not found:
        raise ArtifactError(
            f"There is nothing to report in {clones} or {benchmark}: "
            "symclone-tf clone --group c4 makes clones"
        )
    parts = [table("Clones", [_clone(artifact) for artifact in artifacts])]
    parts.append(table("Classifiers", _classifiers(trained)))
    for name in found:
        parts += _group_parts(name, clones, benchmark, options)
    if relax_times is not None:
        parts += _relaxed_parts(pathlib.Path(relax_times))
    # Costs are the same for all groups: they end the page.
    parts = [p for n, p in enumerate(parts) if p not in parts[n + 1 :]]
    write_page(output, "Clones, networks and figures", [_INTRODUCTION, *parts])
    return output


def _group_parts(name, clones, benchmark, options) -> list[str]:
    title = get_group(name).title
    parts = [f"<h2>{title}</h2>"]
    rows = read_benchmark(pathlib.Path(benchmark, f"{name}.csv"))
    if rows:
        lines = [
            {"Network": f"{line.pop('Network')}, {line.pop('Task')}", **line}
            for line in summarize(rows)
        ]
        parts.append(table(f"Networks on {title}'s tasks", lines))
    figures = illustrate(name, clones=clones, benchmark=benchmark, **options)
    return [*parts, *(figure(illustration) for illustration in figures)]


def _relaxed_parts(file) -> list[str]:
    rows, places = read_relax_times(file), read_places_left(file)
    if not rows:
        raise ArtifactError(
            "`relax_times` must be a file that python -m benchmarks.relax_time has "
            f"written. {file} is none"
        )
    parts = ["<h2>Relaxed networks</h2>"]
    for study, kept in by_study(rows).items():
        title = study.replace("_", " ")
        if has_course(kept):
            when = Illustration(
                f"{title}, when",
                f"{title}: test accuracy at the end, by the epoch at which a network "
                "was relaxed. Dashed: networks that were not.",
                draw_relax_times(kept),
            )
            parts.append(figure(when))
        if study in places:
            where = Illustration(
                f"{title}, where",
                f"{title}: how far each layer of a relaxed network left its "
                "convolution, place by place: the norm of how all kernels are deformed "
                "there, against the mean.",
                draw_places_left(typical(places[study])),
            )
            parts.append(figure(where))
    return parts


def _clone(artifact) -> dict[str, str]:
    record = artifact.record

    def figure(name):
        return f"{record[name]:.1e}" if name in record else "–"

    return {
        "Artifact": f"{artifact.name}, version {artifact.version}",
        "Blocks": str(artifact.blocks),
        "Solver": str(record.get("solver", "–")),
        "NMSE": figure("nmse"),
        "Equivariance error": figure("equivariance_error"),
    }


def _classifiers(root) -> list[dict[str, str]]:
    """The newest version of every classifier, by name."""
    root, rows = pathlib.Path(root), []
    for home in sorted(root.iterdir()) if root.is_dir() else ():
        versions = [p for p in home.glob("*") if (p / METRICS).is_file()]
        newest = max(filter(version_number, versions), key=version_number, default=None)
        if newest:
            rows.append(_classifier(newest))
    return rows


def _classifier(path) -> dict[str, str]:
    try:
        metrics = json.loads((path / METRICS).read_text(encoding="utf-8"))
        return {
            "Classifier": f"{path.parent.name}, version {path.name}",
            "Accuracy": f"{metrics['accuracy']:.1%}",
            "Parameters": f"{metrics['parameters']:,}",
            "Seconds": f"{metrics['seconds']:.0f}",
        }
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtifactError(f"{path / METRICS} cannot be read: {error!r}") from error
