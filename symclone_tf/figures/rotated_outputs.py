"""What networks say of one image under all rotations, drawn."""

import numpy as np
from matplotlib.figure import Figure

from symclone_tf.figures.style import COLOURS, INK, new_figure, styled
from symclone_tf.studies import RotatedOutputs

# How many of the images are shown.
SHOWN = 8


@styled
def draw_rotated_outputs(
    found: RotatedOutputs, unit: int = 0, label: str = "output"
) -> Figure:
    """What networks say of one image, by its angle.

    Args:
        found: `RotatedOutputs`, see `rotated_outputs`.
        unit: Integer, which output is drawn, as a class whose probability it is.
        label: String, what it is.

    Returns:
        `matplotlib.figure.Figure`: some of the images, and below them a line for each
        network.

    Raises:
        ValueError: If a network has no such output.

    Example:

    >>> model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten()])
    >>> found = rotated_outputs({"before": model}, np.ones((6, 6, 1), "float32"), 8)
    >>> len(draw_rotated_outputs(found, unit=3).axes)
    9
    """
    units = min(outputs.shape[1] for outputs in found.outputs.values())
    if not 0 <= unit < units:
        raise ValueError(
            f"`unit` must be from 0 to {units - 1}, an output of all networks. "
            f"Received: unit={unit}"
        )
    figure = new_figure(2.9)
    count = len(found.angles)
    shown = np.unique(np.linspace(0, count, SHOWN, endpoint=False).astype(int))
    grid = figure.add_gridspec(2, len(shown), height_ratios=(1, 2.2))
    low, high = found.images.min(), found.images.max()
    for column, index in enumerate(shown):
        axes = figure.add_subplot(grid[0, column])
        pixels = (found.images[index] - low) / ((high - low) or 1)
        axes.imshow(pixels.squeeze(), cmap=INK, vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[], title=f"{found.angles[index]:.0f}°")
    axes = figure.add_subplot(grid[1, :])
    for colour, (name, outputs) in zip(COLOURS, found.outputs.items()):
        # A full turn is where it began.
        values = np.append(outputs[:, unit], outputs[0, unit])
        axes.plot(np.append(found.angles, 360), values, color=colour, label=name)
    axes.set(xlabel="rotated by", ylabel=label, xlim=(0, 360))
    axes.set_xticks(range(0, 361, 45), [f"{angle}°" for angle in range(0, 361, 45)])
    axes.legend()
    return figure
