"""Rows of the table: a network that was trained once."""

import csv
import pathlib

KEY = ("data", "images", "network", "seed")
_WHOLE = ("images", "seed", "epochs", "weights")
_REAL = ("accuracy", "seconds_per_epoch")
FIELDS = (*KEY, *_WHOLE[2:], *_REAL)


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file.

    Args:
        file: String or path.
    """
    file = pathlib.Path(file)
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            {
                **row,
                **{name: int(row[name]) for name in _WHOLE},
                **{name: float(row[name]) for name in _REAL},
            }
            for row in csv.DictReader(stream)
        ]


def append(file, row) -> None:
    """Adds a line to the table."""
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        if new:
            lines.writeheader()
        lines.writerow(row)
