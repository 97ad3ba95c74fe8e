"""What a run found, its figures and tables, as one page that needs nothing else."""

import html
import json
import pathlib

from symclone_tf.artifacts import METRICS, list_artifacts, version_number
from symclone_tf.errors import ArtifactError
from symclone_tf.experiments import read_benchmark, summarize
from symclone_tf.figures.findings import found_in_benchmark, found_in_clones
from symclone_tf.figures.html_pages import (
    check_page,
    contents,
    figure,
    folded,
    heading,
    picture,
    table,
    write_page,
)
from symclone_tf.figures.illustrations import Illustration, illustrate
from symclone_tf.figures.relax_times import (
    by_study,
    has_course,
    read_beside,
    read_relax_times,
    typical,
)
from symclone_tf.figures.relaxing import (
    draw_layer_errors,
    draw_position_deviations,
    draw_relax_times,
)
from symclone_tf.symmetry import GROUPS, get_group
from symclone_tf.workspace import Workspace

_TERMS = """<p>NMSE is the mean squared error relative to the teacher's power, \
on fresh images and kernels. The equivariance error is the largest ‖h(g·x) − g·h(x)‖ / \
‖h(x)‖ over the group.</p>"""
_PICTURE = "keep-or-break"


def make_report(
    output="report.html",
    groups=None,
    workspace=None,
    benchmark="benchmark",
    trained="trained",
    relax_times=None,
    **options,
) -> pathlib.Path:
    """Gathers what a run found into one HTML page.

    It opens with two sentences made from the rows and the keep-or-break picture of each
    group. Figures come next, and tables last, folded.

    Args:
        output: String or path of the page; that of an earlier run is replaced.
        groups: List of strings; `None` for those of which there are clones or
            a benchmark.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.
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

    Example:

    >>> folders = {"workspace": Workspace(directory), "benchmark": directory}
    >>> make_report(directory / "report.html", **folders)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symclone_tf.errors.ArtifactError: There is nothing to report in ...
    """
    output = pathlib.Path(output)
    check_page(output)
    workspace = Workspace.of(workspace)
    artifacts = _artifacts(workspace.clones)
    found = groups or [
        name
        for name in GROUPS
        if any(artifact.group == name for artifact in artifacts)
        or pathlib.Path(benchmark, f"{name}.csv").exists()
    ]
    if not found:
        raise ArtifactError(
            f"There is nothing to report in {workspace.clones} or {benchmark}: "
            "symclone-tf clone --group c4 makes clones"
        )
    rows = {
        name: read_benchmark(pathlib.Path(benchmark, f"{name}.csv")) for name in found
    }
    classifiers = _classifiers(trained)
    relaxed = [] if relax_times is None else _relaxed_parts(pathlib.Path(relax_times))
    drawn = {
        name: list(illustrate(name, workspace, benchmark, **options)) for name in found
    }
    artifacts = _artifacts(workspace.clones)  # with those that had to be made
    tables = {"Clones": [_clone(artifact) for artifact in artifacts]}
    for name, each in rows.items():
        tables[f"Networks on {get_group(name).title}'s tasks"] = networks_lines(each)
    tables["Classifiers"] = classifiers
    opening = _opening(rows, drawn, artifacts)
    parts = [*_figures(drawn), *relaxed, *_tables(tables)]
    write_page(
        output,
        "Clones, networks and figures",
        [contents([*opening, *parts]), *opening, *parts],
    )
    return output


def _artifacts(clones) -> list:
    return list_artifacts(clones) if pathlib.Path(clones).is_dir() else []


def _opening(rows, drawn, artifacts) -> list[str]:
    """What was found, in two sentences, and the picture of it, for each group."""
    told = {name: found_in_benchmark(name, each) for name, each in rows.items() if each}
    parts = [heading("What was found")]
    for name, sentences in told.items():
        parts.append(_paragraph(sentences))
        parts += [picture(each) for each in drawn[name] if each.name == _PICTURE]
    if not told:
        parts.append(_paragraph(found_in_clones(list(rows), artifacts)))
    return parts


def _paragraph(sentences) -> str:
    return f"<p>{html.escape(' '.join(sentences))}</p>"


def _figures(drawn) -> list[str]:
    """All other figures, and what is the same for all groups once."""
    parts, shared = [], None
    for name, illustrations in drawn.items():
        title = get_group(name).title
        parts.append(heading(title))
        for each in illustrations:
            if each.name == "costs":
                shared = each
            elif each.name != _PICTURE or each.figure is None:
                parts.append(figure(each, title))
    return [*parts, heading("What cloning takes"), picture(shared)]


def _tables(tables) -> list[str]:
    """All tables, folded, those without lines left out."""
    kept = [folded(name, table(name, lines)) for name, lines in tables.items()]
    return [heading("Tables"), _TERMS, *kept] if any(kept) else []


def networks_lines(rows) -> list[dict[str, str]]:
    """A line for each network and task of a benchmark, for people to read.

    Args:
        rows: List of `Row`.

    Returns:
        List of dictionaries from headers to texts.
    """
    return [
        {"Network": f"{line.pop('Network')}, {line.pop('Task')}", **line}
        for line in summarize(rows)
    ]


def _relaxed_parts(file) -> list[str]:
    rows = read_relax_times(file)
    positions, courses = (read_beside(file, what) for what in ("where", "errors"))
    if not rows:
        raise ArtifactError(
            "`relax_times` must be a file that python -m benchmarks.relax_time has "
            f"written. {file} is none"
        )
    parts = [heading("Relaxed networks")]
    for study, kept in by_study(rows).items():
        title = study.replace("_", " ")
        if has_course(kept):
            when = Illustration(
                f"{title}, when",
                f"{title}: test accuracy at the end, by the epoch at which a network "
                "was relaxed. Dashed: networks that were not.",
                draw_relax_times(kept),
            )
            parts.append(figure(when, "Relaxed"))
        if study in positions:
            where = Illustration(
                f"{title}, where",
                f"{title}: how far each layer of a relaxed network left its "
                "convolution, place by place: the norm of how all kernels are deformed "
                "there, against the mean.",
                draw_position_deviations(typical(positions[study])),
            )
            parts.append(figure(where, "Relaxed"))
        if study in courses:
            how = Illustration(
                f"{title}, epoch by epoch",
                f"{title}: equivariance errors of each layer from when the network was "
                "relaxed, by what became of it and the epoch.",
                draw_layer_errors(courses[study]),
            )
            parts.append(figure(how, "Relaxed"))
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
