"""The picture of what cloning takes: time and memory against image size."""

from matplotlib.figure import Figure

from symclone_tf.figures.style import BLUE, GREEN, RED, new_figure, styled


@styled
def draw_costs(results) -> Figure:
    """Time and memory of cloning against image size.

    Args:
        results: Dictionary, what `python -m benchmarks.cloning` writes.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure = new_figure(2.8)
    panels = figure.subplots(1, 2)
    names = list(dict.fromkeys(row["layer"] for row in results["solving"]))
    for name, colour in zip(names, (BLUE, RED, GREEN)):
        for part, label, line in (
            ("training", "trained", "-o"),
            ("solving", "closed form", "--s"),
        ):
            rows = [row for row in results[part] if row["layer"] == name]
            sizes = [row["size"] for row in rows]
            options = {"color": colour, "label": f"{name}, {label}"}
            panels[0].plot(sizes, [row["seconds"] for row in rows], line, **options)
            memory = [row["memory"] / 1e6 for row in rows]
            panels[1].plot(sizes, memory, line, **options)
    ticks = sorted({row["size"] for row in results["solving"]})
    quantities = ("seconds to NMSE 1e-6", "peak memory, MB")
    for axes, quantity in zip(panels, quantities):
        axes.set(xscale="log", yscale="log", xlabel="image size, pixels")
        axes.set_ylabel(quantity)
        axes.set_xticks(ticks, labels=[str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.grid(visible=True)
    panels[0].legend()
    return figure
