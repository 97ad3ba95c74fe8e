"""Rows of the study of relax times, and which of them may be compared."""

import csv
import json
import pathlib

from symclone_tf.errors import ArtifactError

# A CNN that is not relaxed, and an MLP.
NEVER = ("cnn", "mlp")


def read_relax_times(file) -> list[dict]:
    """The runs of a table that `python -m benchmarks.relax_time` has written.

    Args:
        file: String or path.

    Returns:
        List of dictionaries; none if there is no such file.

    Raises:
        ArtifactError: If the file is another.
    """
    file = pathlib.Path(file)
    if not file.exists():
        return []
    whole = ("relaxed_at", "seed", "train_size", "epochs", "weights")
    real = ("accuracy", "loss", "seconds_per_epoch")
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return [
                {
                    **row,
                    **{name: int(row[name]) for name in whole},
                    **{name: float(row[name]) for name in real},
                }
                for row in csv.DictReader(stream)
            ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtifactError(
            f"{file} is not what python -m benchmarks.relax_time writes: {error!r}"
        ) from error


def read_beside(file, what) -> dict[str, dict]:
    """Measurements in files next to such a table, by study.

    Args:
        file: String or path, of the table.
        what: String, `"where"` for `position_deviations` by relax time, `"errors"` for
            equivariance errors of all layers, before and after each epoch, by variant
            and relax time.

    Returns:
        Dictionary, empty if there is nothing.
    """
    file = pathlib.Path(file)
    kept = file.with_name(f"{file.stem}-{what}.json")
    return json.loads(kept.read_text("utf-8")) if kept.exists() else {}


def study_of(data, train_size, epochs) -> str:
    """The name of a study: what comparable runs have in common.

    Args:
        data: String.
        train_size: Integer, how many images.
        epochs: Integer, of all training.

    """
    return f"{data}, {train_size:,} images, {epochs} epochs"


def by_study(rows) -> dict[str, list[dict]]:
    """Rows that may be compared, see `study_of`."""
    found = {}
    for row in rows:
        study = study_of(row["data"], row["train_size"], row["epochs"])
        found.setdefault(study, []).append(row)
    return found


def has_course(rows) -> bool:
    """Whether networks of a study were relaxed at several times."""
    return len({row["relaxed_at"] for row in rows if row["variant"] not in NEVER}) > 1


def typical(positions) -> dict[str, list]:
    """The deviations of a study that are shown: of the middle relax time.

    Args:
        positions: Dictionary from relax times, as strings, to dictionaries, see
            `position_deviations`.
    """
    return positions[sorted(positions, key=int)[len(positions) // 2]]


def by_relax_time(rows) -> dict[tuple, list[dict]]:
    """Rows by variant, and when it was relaxed: all seeds."""
    found = {}
    for row in rows:
        found.setdefault((row["variant"], row["relaxed_at"]), []).append(row)
    return found
