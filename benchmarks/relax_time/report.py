"""The page and the pictures of when relaxing pays."""

import statistics

import symclone_tf as sc
from benchmarks.cloning import machine
from symclone_tf.figures.relaxing import (
    by_relax_time,
    draw_places_left,
    draw_relax_times,
    read_places_left,
    read_relax_times,
)


def write_report(file) -> None:
    """Writes the pictures and the page beside the table."""
    rows = read_relax_times(file)
    for data in dict.fromkeys(row["data"] for row in rows):
        picture = file.with_name(f"{file.stem}-{data}.svg")
        sc.figures.save_figure(draw_relax_times(rows, data), picture)
    for data, times in read_places_left(file).items():
        picture = file.with_name(f"{file.stem}-{data}-where.svg")
        last = times[max(times, key=int)]
        sc.figures.save_figure(draw_places_left(last), picture)
    file.with_suffix(".md").write_text(report(rows, machine()), encoding="utf-8")


def report(rows, about) -> str:
    """The Markdown page."""
    lines = [
        "# When to relax",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in about.items())}, busy with other "
        "work at times.",
        "",
        "A CNN is trained, relaxed after some epochs, and trained to the end; mean ± "
        "standard deviation where there are several seeds. Errors are those of "
        "equivariance under shifts, of each convolution, of the first seed.",
        "",
        "| data | images, epochs | network | relaxed at | seeds | weights | accuracy | "
        "seconds per epoch | errors |",
        "|---|---|---|" + "---:|" * 5 + "---|",
    ]
    for (data, title, at), kept in by_relax_time(rows).items():
        values = [row["accuracy"] for row in kept]
        spread = f" ± {statistics.stdev(values):.1%}" if len(values) > 1 else ""
        cells = [
            data,
            f"{kept[0]['train_size']:,}, {kept[0]['epochs']}",
            title,
            str(at or "–"),
            str(len(kept)),
            f"{kept[0]['weights']:,}",
            f"{statistics.mean(values):.1%}{spread}",
            f"{statistics.mean(row['seconds_per_epoch'] for row in kept):.1f}",
            kept[0]["errors"] or "–",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])
