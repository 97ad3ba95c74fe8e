"""The page of what was measured."""

import statistics

from benchmarks.cloning import machine
from benchmarks.symmetrizing.data import DATA
from benchmarks.symmetrizing.methods import METHODS
from benchmarks.symmetrizing.runs import more_epochs, read_rows

# By the column of the table, what was tested.
TESTED = {
    "as_they_are": "test images as they are",
    "transformed": "test images that random elements of the group transform",
}


def write_report(file) -> None:
    """Writes the page beside the table."""
    text = report(read_rows(file), machine())
    file.with_suffix(".md").write_text(text, encoding="utf-8")


def report(rows, about) -> str:
    """The Markdown page."""
    lines = [
        "# Give a trained network a symmetry",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times.",
        "",
        "A CNN is trained on images as they are. Then a network is made of it, and "
        "trained for some more epochs, on the same images unless the method says "
        "otherwise. Accuracies; mean ± standard deviation where there are several "
        "seeds.",
    ]
    for data in DATA.values():
        kept = [row for row in rows if row["data"] == data.title]
        for what, title in TESTED.items() if kept else ():
            lines += [
                "",
                f"## {data.title}, under {data.group}: {title}",
                "",
                f"Trained for {data.epochs} epochs before.",
                "",
                f"| method | seeds | weights | {' | '.join(heads(data))} |",
                "|---|" + "---:|" * 6,
                *(f"| {' | '.join(cells)} |" for cells in table(kept, data, what)),
            ]
    return "\n".join([*lines, ""])


def heads(data) -> list[str]:
    """How many more epochs, as headings: `"1 epoch"`."""
    return [f"{n} epoch{'s' * (n != 1)}" for n in more_epochs(data.epochs)]


def table(rows, data, what) -> list[list[str]]:
    """A line for each method: seeds, weights, and accuracies after further epochs."""
    lines = []
    for method in METHODS:
        kept = [row for row in rows if row["method"] == method]
        if kept:
            seeds = len({row["seed"] for row in kept})
            values = [
                percent([row[what] for row in kept if row["epochs"] == count])
                for count in more_epochs(data.epochs)
            ]
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
