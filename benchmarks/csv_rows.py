"""Rows of tables of runs: each a line of a CSV at once, so that nothing is lost."""

import csv
import pathlib


def read(file, whole, real) -> list[dict]:
    """The rows of a table; none if there is no such file.

    Args:
        file: String or path.
        whole: Names of columns of integers.
        real: Names of columns of floats.
    """
    file = pathlib.Path(file)
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [
            {
                **row,
                **{name: int(row[name]) for name in whole},
                **{name: float(row[name]) for name in real},
            }
            for row in csv.DictReader(stream)
        ]


def append(file, row, fields) -> None:
    """Adds a line to a table, with a heading if it is the first.

    Args:
        file: `pathlib.Path`.
        row: Dictionary.
        fields: Names of all columns, in order.
    """
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, fields, lineterminator="\n")
        if new:
            lines.writeheader()
        lines.writerow(row)
