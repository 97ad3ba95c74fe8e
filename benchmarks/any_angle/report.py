"""The page of what was measured."""

import statistics

from benchmarks.any_angle.layout import BATCH, FIELDS, KERNEL, RATE
from benchmarks.any_angle.rows import read_rows
from benchmarks.any_angle.studies import STUDIES
from benchmarks.cloning import machine

HEAD = (
    "| data | images | network | seeds | epochs | weights | accuracy | "
    "seconds per epoch |",
    "|---|---:|---|" + "---:|" * 5,
)


def write_report(file) -> None:
    """Writes the page beside the table."""
    text = report(read_rows(file), machine())
    file.with_suffix(".md").write_text(text, encoding="utf-8")


def report(rows, about) -> str:
    """The Markdown page."""
    lines = [
        "# Groups of reflections and rotations",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times.",
        "",
        protocol(),
        "",
        *HEAD,
    ]
    lines += [f"| {' | '.join(cells(*each))} |" for each in grouped(rows).items()]
    return "\n".join([*lines, ""])


def protocol() -> str:
    """How the networks are made and trained."""
    fields = ", ".join(str(each) for each in FIELDS)
    return (
        f"Networks of three convolutions of {KERNEL}×{KERNEL} pixels, with batch "
        "normalisation and ReLU, a 2×2 max pooling after the first, and the average "
        "over plane and group, for cells the maximum: "
        f"{fields} filters in a CNN, and for a group of n "
        "elements as many by the square root of n, so that all but anchored clones "
        "have about as many weights. Trained with Adam in batches of "
        f"{BATCH}, at a rate that falls from {RATE:g} to 0 along a cosine, and tested "
        "after the last epoch. Accuracies are the mean ± standard deviation of the "
        "seeds, seconds those of one core in the fastest epoch."
    )


def grouped(rows) -> dict[tuple, list[dict]]:
    """Rows by data, number of images, and network: all seeds.

    In the order of the studies, and escnn's after ours.
    """
    order = [
        (study.data, images, network.title)
        for study in STUDIES.values()
        for images in study.epochs
        for network in study.networks
    ]
    keys = {key: number for number, key in enumerate(order)}
    of_data = {data: number for number, data in enumerate(STUDIES)}

    def place(row):
        key = row["data"], row["images"], row["network"]
        return of_data.get(row["data"], len(of_data)), keys.get(key, len(keys))

    found = {}
    for row in sorted(rows, key=place):
        key = row["data"], row["images"], row["network"]
        found.setdefault(key, []).append(row)
    return found


def cells(key, kept) -> list[str]:
    """A line of the table."""
    data, images, network = key
    return [
        data,
        f"{images:,}",
        network,
        str(len(kept)),
        str(kept[0]["epochs"]),
        f"{kept[0]['weights']:,}",
        percent(kept),
        f"{min(row['seconds_per_epoch'] for row in kept):.2g}",
    ]


def accuracies(rows) -> list[list[str]]:
    """A shorter table: data, images, network, seeds, weights, and accuracy."""
    found = [cells(*each) for each in grouped(rows).items()]
    return [[*line[:4], *line[5:7]] for line in found]


def percent(kept) -> str:
    """The mean accuracy of some rows, and its standard deviation if there are several.

    >>> percent([{"accuracy": 0.9}, {"accuracy": 0.92}])
    '91.00 ± 1.41%'
    """
    values = [100 * row["accuracy"] for row in kept]
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{spread}%"
