"""What a run found, its figures and tables, as one page that needs nothing else."""

import dataclasses
import json
import pathlib

from symclone_tf.artifacts import METRICS, Artifact, list_artifacts, version_number
from symclone_tf.errors import ArtifactError
from symclone_tf.experiments import Row, summarize
from symclone_tf.figures.findings import found_in_benchmark, found_in_clones
from symclone_tf.figures.html_pages import check_page, write_page
from symclone_tf.figures.illustrations import Illustration, illustrate
from symclone_tf.studies import GroupStudy
from symclone_tf.types import Path

_OPENING = "symmetry-breaking"


@dataclasses.dataclass(frozen=True)
class Finding:
    """Sentences, and the picture that shows what they say, if there is one."""

    text: str
    picture: Illustration | None = None


@dataclasses.dataclass(frozen=True)
class GroupFigures:
    """The title of a group, and its figures."""

    title: str
    figures: list[Illustration]


def make_report(
    studies: list[GroupStudy],
    output: Path = "report.html",
    clones: Path = "exported",
    trained: Path = "trained",
) -> pathlib.Path:
    """Gathers what a run found into one HTML page.

    For each group, it opens with two sentences made from the benchmark's rows and the
    picture of symmetry breaking. Figures come next, and tables last, folded.

    Args:
        studies: List of `GroupStudy`, see `study_group`; not empty.
        output: String or path of the page; that of an earlier run is replaced.
        clones: String or path, the root of all exported clones.
        trained: String or path, the root of all trained classifiers.

    Returns:
        `pathlib.Path` of the page, with all figures in it.

    Raises:
        ArtifactError: If `output` is a file of someone else's, or something cannot
            be read.
        OSError: If writing fails.

    Example:

    >>> file = directory / "report.html"
    >>> write_file(file, b"Mine.")
    >>> make_report([], file)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symclone_tf.errors.ArtifactError: ...report.html was not written by symclone-tf...
    """
    output = pathlib.Path(output)
    check_page(output)
    artifacts = list_artifacts(clones) if pathlib.Path(clones).is_dir() else []
    tables = {"Clones": clones_lines(artifacts)}
    for study in studies:
        title = f"Networks on {study.group.title}'s tasks"
        tables[title] = networks_lines(study.rows)
    tables["Classifiers"] = _classifiers(trained)
    drawn = [list(illustrate(study)) for study in studies]
    write_page(
        output,
        "report.html",
        "Clones, networks and figures",
        findings=_findings(studies, drawn, artifacts),
        groups=[
            GroupFigures(study.group.title, [f for f in figures if not _opens(f)])
            for study, figures in zip(studies, drawn)
        ],
        tables={title: rows for title, rows in tables.items() if rows},
    )
    return output


def _opens(illustration) -> bool:
    """Whether it is shown with the findings, and not among the other figures."""
    return illustration.name == _OPENING and illustration.figure is not None


def _findings(studies, drawn, artifacts) -> list[Finding]:
    """What was found, in two sentences and a picture, for each group."""
    found = [
        Finding(
            " ".join(found_in_benchmark(study.group.name, study.rows)),
            next(filter(_opens, figures)),
        )
        for study, figures in zip(studies, drawn)
        if study.rows
    ]
    names = [study.group.name for study in studies]
    return found or [Finding(" ".join(found_in_clones(names, artifacts)))]


def networks_lines(rows: list[Row]) -> list[dict[str, str]]:
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


def clones_lines(artifacts: list[Artifact]) -> list[dict[str, str]]:
    """A line for each clone, for people to read.

    Args:
        artifacts: List of `Artifact`.

    Returns:
        List of dictionaries from headers to texts; with the teachers' own equivariance
        errors if any has one.
    """
    measured = {"NMSE": "nmse", "Equivariance error": "equivariance_error"}
    own = "teacher_equivariance_error"
    if any(artifact.record.get(own) is not None for artifact in artifacts):
        measured["Teacher's own"] = own
    return [
        {
            "Artifact": f"{artifact.name}, version {artifact.version}",
            "Blocks": str(artifact.blocks),
            "Solver": str(artifact.record.get("solver", "–")),
            **{title: _figure(artifact, name) for title, name in measured.items()},
        }
        for artifact in artifacts
    ]


def _figure(artifact, name) -> str:
    value = artifact.record.get(name)
    return "–" if value is None else f"{value:.1e}"


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
