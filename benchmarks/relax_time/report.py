"""The page and the pictures of when relaxing pays."""

import statistics

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.relax_time.pictures import draw_layer_errors, draw_relax_times
from benchmarks.relax_time.rows import (
    NEVER,
    by_relax_time,
    by_study,
    has_course,
    read_beside,
    read_relax_times,
    typical,
)


def write_report(file) -> None:
    """Writes the pictures and the page beside the table."""
    rows = read_relax_times(file)
    positions = read_beside(file, "where")
    for study, kept in by_study(rows).items():
        name = file.with_name(f"{file.stem}-{short(study)}")
        if has_course(kept):
            sc.figures.save_figure(draw_relax_times(kept), name.with_suffix(".svg"))
        if study in positions:
            picture = file.with_name(f"{name.name}-where.svg")
            sc.figures.save_figure(
                sc.figures.draw_position_deviations(typical(positions[study])), picture
            )
    for study, courses in read_beside(file, "errors").items():
        picture = file.with_name(f"{file.stem}-{short(study)}-errors.svg")
        sc.figures.save_figure(draw_layer_errors(courses), picture)
    file.with_suffix(".md").write_text(report(rows, machine()), encoding="utf-8")


def short(study) -> str:
    """The name of a study in files: `"fashion_mnist-10000"`."""
    data, *sizes = study.split(", ")
    return f"{data}-{''.join(sizes).split(' ')[0].replace(',', '')}"


def report(rows, about) -> str:
    """The Markdown page."""
    lines = [
        "# When to relax",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times.",
        "",
        "A CNN is trained, relaxed after some epochs, and trained to the end; mean ± "
        "standard deviation where there are several seeds. Errors are translation "
        "equivariance errors of each convolution, of the first seed.",
        "",
        *HEAD,
    ]
    lines += [f"| {' | '.join(cells(*each))} |" for each in grouped(rows)]
    return "\n".join([*lines, ""])


HEAD = (
    "| data | network | relaxed at | seeds | weights | accuracy | seconds per epoch | "
    "errors |",
    "|---|---|" + "---:|" * 5 + "---|",
)


def grouped(rows) -> list[tuple]:
    """Studies, and in each what was compared: title, relax time, and all seeds."""
    return [
        (study, *key, kept)
        for study, all_of_it in by_study(rows).items()
        for key, kept in sorted(by_relax_time(all_of_it).items(), key=_in_order)
    ]


def _in_order(item):
    (title, at), _ = item
    return title not in NEVER, title, at


def cells(study, title, at, kept) -> list[str]:
    """A line of the table: the mean of all seeds, and their spread."""
    values = [row["accuracy"] for row in kept]
    spread = f" ± {statistics.stdev(values):.1%}" if len(values) > 1 else ""
    return [
        study.replace("_", "-"),
        title,
        "–" if title in NEVER else str(at),
        str(len(kept)),
        f"{kept[0]['weights']:,}",
        f"{statistics.mean(values):.1%}{spread}",
        f"{statistics.mean(row['seconds_per_epoch'] for row in kept):.1f}",
        kept[0]["errors"] or "–",
    ]
