"""Rows of the table: a network that was trained once."""

from benchmarks import csv_rows

KEY = ("data", "images", "network", "seed")
_WHOLE = ("images", "seed", "epochs", "weights")
_REAL = ("accuracy", "seconds_per_epoch")
FIELDS = (*KEY, *_WHOLE[2:], *_REAL)


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file.

    Args:
        file: String or path.
    """
    return csv_rows.read(file, _WHOLE, _REAL)


def append(file, row) -> None:
    """Adds a line to the table."""
    csv_rows.append(file, row, FIELDS)
