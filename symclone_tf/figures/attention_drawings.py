"""Pictures of where the heads of attention look."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from symclone_tf.figures.style import new_figure, show_pixels, styled
from symclone_tf.networks import HeadPositions


@styled
def draw_attention_positions(positions: Mapping[str, HeadPositions]) -> Figure:
    """Where each head looks by position, relative to the output in the middle.

    Args:
        positions: Dictionary, not empty, see `sc.networks.attention_positions`, of
            layers with as many heads; or of one layer before and after training.

    Returns:
        `matplotlib.figure.Figure`, with a row for each entry and a column for each
        head, above which its share of content is. Dark is all of its attention by
        position, and a cross the output.

    Example:

    >>> looks = HeadPositions(np.ones((2, 3, 3)) / 9, np.array([0, 0.5]))
    >>> figure = draw_attention_positions({"before": looks, "after": looks})
    >>> figure.axes[1].get_title()
    '0.50'
    """
    heads = max(len(each.attention) for each in positions.values())
    figure = new_figure(0.5 + 0.85 * len(positions))
    grid = figure.subplots(len(positions), heads, squeeze=False)
    for line, (name, looks) in zip(grid, positions.items()):
        for axes in line[len(looks.attention) :]:
            axes.set_axis_off()
        for axes, attention, share in zip(line, looks.attention, looks.shares):
            show_pixels(axes, attention, title=f"{share:.2f}")
            axes.images[0].set_clim(0, 1)
            middle = len(attention) // 2
            axes.plot(middle, middle, "+", color="C1", markersize=5)
        line[0].set_ylabel(name)
    return figure
