"""The page of a trained network: where it breaks a symmetry, on images of one's own."""

import pathlib
from collections.abc import Sequence

from symclone_tf.figures.html_pages import check_page, write_page
from symclone_tf.figures.network_illustrations import (
    illustrate_network,
    network_findings,
)
from symclone_tf.figures.report_page import Finding, GroupFigures
from symclone_tf.studies import NetworkStudy
from symclone_tf.types import Path


def write_network_page(
    studies: Sequence[NetworkStudy], output: Path = "report.html"
) -> pathlib.Path:
    """Writes what was found of a network to one HTML page, with all its figures.

    Args:
        studies: Sequence of `NetworkStudy`, see `study_network`, of one network; one
            for each group, and not empty.
        output: String or path; the page of an earlier run is replaced.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ArtifactError: If `output` is a file of someone else's.
        OSError: If writing fails.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c4")])
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1))
    >>> study = study_network(model, images, "c4", name="cells")
    >>> write_network_page([study], directory / "report.html").name
    'report.html'
    """
    output = pathlib.Path(output)
    check_page(output)
    drawn = [
        GroupFigures(study.group.title, illustrate_network(study)) for study in studies
    ]
    tables = {
        f"Equivariance errors under {study.group.title}": rows
        for study in studies
        if (rows := errors_lines(study))
    }
    write_page(
        output,
        "network.html",
        f"Layers of {studies[0].name}",
        findings=[Finding(" ".join(network_findings(study))) for study in studies],
        notes=list(dict.fromkeys(note for study in studies for note in study.notes)),
        groups=drawn,
        tables=tables,
    )
    return output


def errors_lines(study: NetworkStudy) -> list[dict[str, str]]:
    """A line for each layer, for people to read.

    Args:
        study: `NetworkStudy`.

    Returns:
        List of dictionaries from headers to texts.
    """
    lines = []
    for name, error in study.errors.items():
        line = {"Layer": name, "Equivariance error": f"{error:.1e}"}
        if study.own:
            own = study.own.get(name)
            line["Teacher's own"] = "–" if own is None else f"{own:.1e}"
        line["Symmetry"] = "broken" if name in study.broken else "preserved"
        lines.append(line)
    return lines
