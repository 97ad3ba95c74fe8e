"""The page of what was measured."""

import statistics

from benchmarks import measured_pages
from benchmarks.symmetrizing.data import DATA
from benchmarks.symmetrizing.methods import METHODS
from benchmarks.symmetrizing.runs import more_epochs, read_rows
from benchmarks.this_machine import machine

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
    text = (
        "A CNN is trained on images as they are. Then a network is made of it, and "
        "trained for some more epochs, on the same images unless the method says "
        "otherwise. Accuracies; mean ± standard deviation where there are several "
        "seeds."
    )
    sections = []
    for data in DATA.values():
        kept = [row for row in rows if row["data"] == data.title]
        for what, title in TESTED.items() if kept else ():
            sections.append(
                (
                    f"{data.title}, under {data.group}: {title}",
                    [f"Trained for {data.epochs} epochs before."],
                    ["method", "seeds", "weights", *heads(data)],
                    table(kept, data, what),
                )
            )
    title = "Give a trained network a symmetry"
    return measured_pages.page(title, about, text, sections)


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
