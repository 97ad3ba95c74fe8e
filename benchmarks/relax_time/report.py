"""The page and the pictures of when relaxing pays."""

import statistics

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.relax_time.data import HELD_OUT
from benchmarks.relax_time.networks import TITLES
from benchmarks.relax_time.pictures import draw_regions
from benchmarks.relax_time.rows import by_network, by_study, read_rows, read_where
from benchmarks.relax_time.training import BATCH, LENGTHS, RATES

HEAD = (
    "| data | network | seeds | epochs | weights | accuracy | after the last epoch | "
    "seconds per epoch | errors |",
    "|---|---|" + "---:|" * 6 + "---|",
)


def write_report(file) -> None:
    """Writes the pictures and the page beside the table."""
    rows = read_rows(file)
    sc.figures.save_figure(draw_regions(rows), file.with_suffix(".svg"))
    for study, deviations in read_where(file).items():
        picture = file.with_name(f"{file.stem}-{short(study)}-where.svg")
        drawn = sc.figures.draw_position_deviations(deviations)
        sc.figures.save_figure(drawn, picture)
    file.with_suffix(".md").write_text(report(rows, machine()), encoding="utf-8")


def short(study) -> str:
    """The name of a study in files: `"fashion_mnist-10000"`."""
    data, size = study.split(", ")
    return f"{data}-{size.split(' ')[0].replace(',', '')}"


def report(rows, about) -> str:
    """The Markdown page."""
    lines = [
        "# When to relax",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times.",
        "",
        protocol(),
        "",
        *HEAD,
    ]
    lines += [f"| {' | '.join(cells(*each))} |" for each in grouped(rows)]
    return "\n".join([*lines, ""])


def protocol() -> str:
    """How the networks were trained."""
    first, last = (f"{rate:g}" for rate in RATES)
    sizes = " and ".join(f"{size:,}" for size in LENGTHS)
    patience, most, further = (
        " and ".join(str(getattr(length, name)) for length in LENGTHS.values())
        for name in ("patience", "most", "further")
    )
    return (
        f"Where there are {sizes} images, {HELD_OUT:.0%} of them are held out. The CNN "
        f"is trained with Adam, in batches of {BATCH}, at a learning rate of {first}, "
        f"until the loss of the held-out images has not fallen for {patience} epochs, "
        f"and for at most {most}; then, from its best weights, likewise at {last}. So "
        "is the MLP, which has about as many weights as the CNN relaxed per pixel. "
        f"All others begin with the CNN's best weights, and train for {further} epochs "
        f"at {last}, on the same images in the same order.\n\n"
        "Accuracies are of all test images: with the weights that had the least loss "
        "of the held-out images, and with those after the last epoch; mean ± standard "
        "deviation where there are several seeds. Epochs are those that the first seed "
        "took, seconds those of one core in the fastest epoch, and errors each "
        "convolution's equivariance error under translations, of the first seed."
    )


def grouped(rows) -> list[tuple]:
    """Studies, and in each what was compared: its title, and all seeds."""
    return [
        (study, title, found[title])
        for study, kept in by_study(rows).items()
        for found in [by_network(kept)]
        for title in TITLES
        if title in found
    ]


def cells(study, title, kept) -> list[str]:
    """A line of the table: the mean of all seeds, and their spread."""
    return [
        study.replace("_", "-"),
        title,
        str(len(kept)),
        str(kept[0]["epochs"]),
        f"{kept[0]['weights']:,}",
        percent(kept, "accuracy"),
        percent(kept, "last_accuracy"),
        f"{min(row['seconds_per_epoch'] for row in kept):.2g}",
        kept[0]["errors"] or "–",
    ]


def percent(kept, name) -> str:
    """The mean of some rows, and their standard deviation if they are several."""
    values = [row[name] for row in kept]
    spread = f" ± {statistics.stdev(values):.1%}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1%}{spread}"


def accuracies(rows) -> list[list[str]]:
    """A table of accuracies: studies, seeds, and a column for each network.

    Studies in which a network has not been trained yet are left out.
    """
    found = []
    for study, kept in by_study(rows).items():
        networks = by_network(kept)
        if set(TITLES) <= set(networks):
            seeds = min(len(networks[title]) for title in TITLES)
            shown = [percent(networks[title], "accuracy") for title in TITLES]
            found.append([study.replace("_", "-"), str(seeds), *shown])
    return found
