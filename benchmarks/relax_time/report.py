"""The page and the pictures of when relaxing pays."""

import json
import statistics

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.relax_time.study import read
from symclone_tf.figures.style import COLOURS, new_figure, styled


def grouped(rows) -> dict[tuple, list[dict]]:
    """Rows by data, variant and when it was relaxed: all seeds."""
    found = {}
    for row in rows:
        key = row["data"], row["variant"], row["relaxed_at"]
        found.setdefault(key, []).append(row)
    return found


@styled
def draw_times(rows, data):
    """Accuracy against the epoch at which a network was relaxed."""
    figure = new_figure(3.0)
    axes = figure.subplots()
    found = {key[1:]: kept for key, kept in grouped(rows).items() if key[0] == data}
    for number, title in enumerate(dict.fromkeys(title for title, _ in found)):
        times = sorted(at for name, at in found if name == title)
        means = [
            statistics.mean(row["accuracy"] for row in found[title, at]) for at in times
        ]
        colour = COLOURS[number % len(COLOURS)]
        if title in ("cnn", "mlp"):
            axes.axhline(means[0], color=colour, linestyle="--", label=title)
        else:
            axes.plot(times, means, "o-", color=colour, label=title)
    axes.set(xlabel="epoch at which it was relaxed", ylabel="test accuracy")
    axes.grid(visible=True)
    figure.legend(loc="outside right upper")
    return figure


@styled
def draw_where(maps):
    """Where in the image each layer has left the convolution, and how far.

    Args:
        maps: Dictionary from layers' names to arrays of norms, by place.
    """
    figure = new_figure(1.9)
    for axes, (name, norms) in zip(figure.subplots(1, len(maps)), maps.items()):
        shown = axes.imshow(norms, vmin=0, cmap="viridis")
        axes.set(title=name, xticks=[], yticks=[])
        figure.colorbar(shown, ax=axes, shrink=0.7)
    return figure


def write_report(file) -> None:
    """Writes the pictures and the page beside the table."""
    rows = read(file)
    for data in dict.fromkeys(row["data"] for row in rows):
        picture = file.with_name(f"{file.stem}-{data}.svg")
        sc.figures.save_figure(draw_times(rows, data), picture)
    kept = file.with_name(f"{file.stem}-where.json")
    if kept.exists():
        for data, times in json.loads(kept.read_text()).items():
            picture = file.with_name(f"{file.stem}-{data}-where.svg")
            sc.figures.save_figure(draw_where(times[max(times, key=int)]), picture)
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
    for (data, title, at), kept in grouped(rows).items():
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
