"""The page of what was measured."""

import statistics

from benchmarks.cloning import machine
from benchmarks.symmetrizing.runs import EPOCHS, FIRST_EPOCHS, IMAGES, read_rows


def write_report(file) -> None:
    """Writes the page beside the table."""
    text = report(read_rows(file), machine())
    file.with_suffix(".md").write_text(text, encoding="utf-8")


def report(rows, about) -> str:
    """The Markdown page."""
    epochs = [f"{count} epochs" if count != 1 else "1 epoch" for count in EPOCHS]
    lines = [
        "# Give a trained network a symmetry",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times.",
        "",
        f"A CNN is trained on {IMAGES:,} upright digits of MNIST for {FIRST_EPOCHS} "
        "epochs. Then a network is made of it, and trained for some more epochs, on "
        "upright digits unless the method says otherwise. Accuracy on all test "
        "images, each rotated by a random multiple of 90°; mean ± standard deviation "
        "where there are several seeds.",
        "",
        f"| method | seeds | weights | {' | '.join(epochs)} |",
        "|---|" + "---:|" * (2 + len(EPOCHS)),
    ]
    lines += [f"| {' | '.join(cells)} |" for cells in table(rows)]
    return "\n".join([*lines, ""])


def table(rows, what="transformed") -> list[list[str]]:
    """A line for each method."""
    found = {}
    for row in rows:
        found.setdefault(row["method"], []).append(row)
    lines = []
    for method, kept in found.items():
        by_epochs = [[r for r in kept if r["epochs"] == count] for count in EPOCHS]
        seeds = len({row["seed"] for row in kept})
        values = [percent([row[what] for row in each]) for each in by_epochs]
        lines.append([method, str(seeds), f"{kept[0]['weights']:,}", *values])
    return lines


def percent(values) -> str:
    """The mean, and the standard deviation of several.

    >>> percent([0.9, 0.92]), percent([])
    ('91.0 ± 1.4%', '–')
    """
    if not values:
        return "–"
    spread = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{spread}%"
