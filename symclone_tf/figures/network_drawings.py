"""Pictures of a network's layers: their maps, their errors, and their deviations."""

import numpy as np
from matplotlib.figure import Figure

from symclone_tf.figures.style import (
    BLACK,
    BLUE,
    GREY,
    RED,
    new_figure,
    show_image,
    show_pixels,
    styled,
)
from symclone_tf.studies import ImageMaps, NetworkStudy
from symclone_tf.types import Array

# Channels of a layer that are shown or, of one on the group, elements of one channel.
MOST_CHANNELS, MOST_ELEMENTS = 4, 8
# Layers in one figure, evenly spaced.
MOST_LAYERS = 12
INCH = 0.95


def shown_maps(maps: Array) -> tuple[Array, str]:
    """Which of a layer's maps are shown, by one rule, and how they are called.

    Channels are ordered by the norm of their maps for the image, all elements
    together. Of a layer on the group the first channel is shown with each of its
    elements, or eight evenly spaced; of others the first four channels.

    Args:
        maps: Array of shape `(height, width, elements, channels)`.

    Returns:
        Pair of an integer array of shape `(2, tiles)`, the elements and channels that
        are shown, and a string.

    Example:

    >>> maps = np.zeros((4, 4, 1, 6))
    >>> maps[..., 5], maps[..., 2] = 2, 1
    >>> shown_maps(maps)[0][1].tolist()
    [5, 2, 0, 1]
    """
    _, _, elements, channels = maps.shape
    norms = np.sum(np.square(maps), axis=(0, 1, 2))
    order = np.argsort(-norms, kind="stable")
    if elements == 1:
        chosen = order[:MOST_CHANNELS]
        name = f"{len(chosen)} of {channels} channels" if channels > 1 else "1 channel"
        return np.stack([np.zeros_like(chosen), chosen]), name
    count = min(elements, MOST_ELEMENTS)
    each = np.linspace(0, elements - 1, count).round().astype(int)
    of_all = f" of {elements}" if elements > count else ""
    return np.stack([each, np.full(count, order[0])]), f"{count}{of_all} elements"


@styled
def draw_layer_maps(found: ImageMaps) -> Figure:
    """What each layer makes of an image, and of the transformed image.

    The first row is the image and the transformed image. Each layer has a row: its
    maps for the image; those for the transformed image, transformed back; and their
    difference, zero where the network is equivariant up to this layer. A row has one
    scale of colours, blue for negative values and red for positive ones, which its maps
    for the image fill. Of each layer the four channels of the largest norm are shown,
    or of one on the group all elements of the one channel of the largest norm, up to
    eight. Of more than twelve layers, twelve evenly spaced are drawn.

    Args:
        found: `ImageMaps`, see `layer_maps`.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 3)), GroupConv2D(2, 3, "c4")])
    >>> image = np.random.default_rng(0).random((9, 9, 3))
    >>> figure = draw_layer_maps(layer_maps(model, image, "c4"))
    >>> len(figure.axes)  # a row for the images, and one for the layer
    6
    """
    count = len(found.layers)
    kept = np.linspace(0, count - 1, min(count, MOST_LAYERS)).round().astype(int)
    rows = [_row(found.layers[index]) for index in kept]
    heights = [1.0, *(max(0.6, 2 * _aspect(maps[0])) for _, maps, _ in rows)]
    figure = new_figure(0.5 + INCH * sum(heights) + 0.15 * len(rows))
    grid = figure.subplots(len(heights), 3, squeeze=False, height_ratios=heights)
    show_image(grid[0, 0], found.image, "image")
    show_image(grid[0, 1], found.transformed, found.title)
    grid[0, 2].axis("off")
    titles = ("maps", "maps, transformed back", "difference")
    for axes_row, (layer, maps, name) in zip(grid[1:], rows):
        limit = np.abs(maps[0][np.isfinite(maps[0])]).max() or 1.0
        for axes, values in zip(axes_row, maps):
            show_pixels(axes, values, limit)
        axes_row[0].set_ylabel(f"{layer.name}\n{name}", fontsize=7)
        axes_row[2].set_xlabel(_errors(layer), fontsize=7)
    for axes, title in zip(grid[1], titles):
        axes.set_title(title)
    return figure


def _row(layer) -> tuple:
    """A layer, its three mosaics, and what of it they show."""
    (elements, channels), name = shown_maps(layer.maps)
    parts = (layer.maps, layer.turned_back, layer.difference)
    return layer, [_mosaic(each[:, :, elements, channels]) for each in parts], name


def _errors(layer) -> str:
    own = "" if layer.own_error is None else f", alone {layer.own_error:.1e}"
    return f"error up to here {layer.error:.1e}{own}"


def _mosaic(maps: Array) -> Array:
    """Maps in one row, or two of four, with a line of NaN between them."""
    height, width, count = maps.shape
    columns = count if count < 4 else -(-count // 2)
    rows = -(-count // columns)
    tiles = np.full((rows, height + 1, columns, width + 1), np.nan)
    for index in range(count):
        tiles[index // columns, :height, index % columns, :width] = maps[..., index]
    return tiles.reshape(rows * (height + 1), -1)[:-1, :-1]


def _aspect(pixels: Array) -> float:
    """How high a mosaic is, relative to its width."""
    height, width = pixels.shape
    return height / width


@styled
def draw_layer_errors(study: NetworkStudy) -> Figure:
    """How far each layer of a network is from equivariant, and the whole network.

    Args:
        study: `NetworkStudy`, see `study_network`.

    Returns:
        `matplotlib.figure.Figure`: a bar for each layer, orange where the error exceeds
        the teacher's own, on a logarithmic axis that begins at 1e-8; a grey line is the
        teacher's own error where transformations interpolate.

    Example:

    >>> layers = [keras.Input((9, 9, 1)), keras.layers.Conv2D(2, 3, name="conv")]
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1))
    >>> figure = draw_layer_errors(study_network(keras.Sequential(layers), images))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['conv', 'whole network']
    """
    names = list(study.errors)
    errors = dict(study.errors)
    if study.whole is not None:
        names.append("whole network")
        errors["whole network"] = study.whole.equivariance_error
    figure = new_figure(0.8 + 0.22 * len(names))
    axes = figure.subplots()
    for row, name in enumerate(names):
        colour = GREY if name not in study.errors else BLUE
        colour = RED if name in study.broken else colour
        axes.barh(row, max(errors[name], 2e-8), color=colour, height=0.7)
        if name in study.own:
            own = study.own[name]
            axes.plot([own, own], [row - 0.45, row + 0.45], color=BLACK)
    axes.set(xscale="log", xlim=(1e-8, None), xlabel="equivariance error")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=True, axis="x")
    return figure
