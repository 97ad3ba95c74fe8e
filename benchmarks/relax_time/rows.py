"""Rows of the study, and which of them are compared."""

import json
import pathlib

from benchmarks import csv_rows
from symclone_tf.errors import ArtifactError

KEY = ("data", "images", "network", "seed")
_WHOLE = ("images", "seed", "epochs", "best_epoch", "weights")
_REAL = ("held_out_loss", "accuracy", "last_accuracy", "seconds_per_epoch")
FIELDS = (*KEY, *_WHOLE[2:], *_REAL, "errors")


def read_rows(file) -> list[dict]:
    """The runs of a table that `python -m benchmarks.relax_time` has written.

    Args:
        file: String or path.

    Returns:
        List of dictionaries; none if there is no such file.

    Raises:
        ArtifactError: If the file is another.
    """
    try:
        return csv_rows.read(file, _WHOLE, _REAL)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtifactError(
            f"{file} is not what python -m benchmarks.relax_time writes: {error!r}"
        ) from error


def append(file, row) -> None:
    """Adds a line to the table."""
    csv_rows.append(file, row, FIELDS)


def read_where(file) -> dict[str, dict]:
    """Where networks that were relaxed per pixel deviate, next to such a table.

    Args:
        file: String or path, of the table.

    Returns:
        Dictionary from studies, see `by_study`, to `position_deviations`; empty if
        there is nothing.
    """
    file = _where(file)
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def keep_where(file, study, deviations) -> None:
    """Adds the deviations of a network to those next to the table."""
    found = read_where(file) | {study: deviations}
    _where(file).write_text(json.dumps(found) + "\n", encoding="utf-8")


def _where(file) -> pathlib.Path:
    file = pathlib.Path(file)
    return file.with_name(f"{file.stem}-where.json")


def study_of(data, images) -> str:
    """The name of what comparable runs have in common: `"cifar10, 1,000 images"`."""
    return f"{data}, {images:,} images"


def by_study(rows) -> dict[str, list[dict]]:
    """Rows that may be compared, see `study_of`; those of most images first."""
    data = list(dict.fromkeys(row["data"] for row in rows))
    found = {}
    for row in sorted(rows, key=lambda r: (data.index(r["data"]), -r["images"])):
        found.setdefault(study_of(row["data"], row["images"]), []).append(row)
    return found


def by_network(rows) -> dict[str, list[dict]]:
    """Rows of a study by network: all seeds."""
    found = {}
    for row in rows:
        found.setdefault(row["network"], []).append(row)
    return found
