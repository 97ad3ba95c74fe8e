"""Pictures of digits, operators and feature maps."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure

from symclone_tf.figures.style import new_figure, show_image, show_pixels, styled
from symclone_tf.students import Student
from symclone_tf.studies import operators, transformed_outputs
from symclone_tf.symmetry import (
    PointGroup,
    Transformation,
    Translation,
    get_group,
    transformations_of,
)
from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, ArrayLike, Tensor

# Of operators in one figure.
MOST_ROWS = 8


@styled
def draw_digits(
    images: ArrayLike,
    group: str | PointGroup = "c4",
    translations: Sequence[tuple[int, int]] = ((-4, 3), (2, 6), (5, -5)),
) -> Figure:
    """Images, and the images transformed by a group.

    Args:
        images: Array of shape `(count, n, n)`, drawn in a column each, dark on white;
            or `(count, n, n, channels)` from 0 to 1, drawn as they are.
        group: String or `PointGroup`.
        translations: Tuple of pairs of integers, pixels down and to the right, for
            T(2).

    Returns:
        `matplotlib.figure.Figure`, with a row for the originals and one for
        each of the transformations.

    Example:

    >>> figure = draw_digits(np.random.rand(5, 28, 28), "c4")
    >>> len(figure.axes)
    20

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), figure 2
    """
    group, images = get_group(group), np.asarray(images)
    show = show_image if images.ndim == 4 else show_pixels
    images = images if images.ndim == 4 else images[..., None]
    rows = {"original": images}
    shown = transformations_of(group)
    if group.is_trivial:
        shown = [Translation(translation) for translation in translations]
    rows |= {
        each.title.replace(", r", ",\nr"): _within_range(each, images) for each in shown
    }
    figure = new_figure(0.15 + 0.85 * len(rows), 1.2 + 0.85 * len(images))
    grid = figure.subplots(len(rows), len(images), squeeze=False)
    for axes_row, (name, row) in zip(grid, rows.items()):
        for axes, pixels in zip(axes_row, row):
            show(axes, pixels if show is show_image else pixels[..., 0])
        axes_row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


@styled
def draw_operators(student: Student, kernel: ArrayLike) -> Figure:
    """A clone's matrix from pixels to pixels beside its teacher's.

    A convolution's matrix is doubly Toeplitz: bands of bands. A point group
    stacks one matrix for each of its elements.

    Args:
        student: `Student` of images.
        kernel: Array of shape `(k, k)`.

    Returns:
        `matplotlib.figure.Figure`, whose columns are the clone, its teacher,
        and their difference on a scale of its own; with 8 elements, evenly spaced, of
        a group that has more.

    Example:

    >>> student, _ = clone("c4", image_size=8, solver="closed-form", verbose=0)
    >>> figure = draw_operators(student, np.ones((3, 3)))
    >>> len(figure.axes)  # three columns and two colour bars
    14

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), figure 4
    """
    teacher = student.teacher
    cloned, taught = (operators(f, teacher, kernel) for f in (student, teacher))
    difference = cloned - taught
    elements = range(0, len(taught), -(-len(taught) // MOST_ROWS))
    count, (_, outputs, inputs) = len(elements), taught.shape
    figure = new_figure(0.75 + 1.75 * outputs / inputs * count)
    grid = figure.subplots(count, 3, squeeze=False)
    limits = [np.abs(taught).max()] * 2 + [np.abs(difference).max() or 1.0]
    titles = ("clone", "convolution", "difference")
    for row, element in zip(grid, elements):
        matrices = (cloned[element], taught[element], difference[element])
        for axes, matrix, limit in zip(row, matrices, limits):
            show_pixels(axes, matrix, limit)
        if count > 1:
            short = 2 * outputs < inputs
            row[0].set_ylabel(f"{'map' if short else 'output map'} {element}")
    for axes, title in zip(grid[0], titles):
        axes.set_title(f"{title}, {outputs} × {inputs}" if count == 1 else title)
    if count == 1:
        grid[0, 0].set_ylabel("output pixel")
    for axes in grid[-1]:
        axes.set_xlabel("input pixel")
    for columns in (grid[:, :2], grid[:, 2:]):
        image = columns[0, -1].images[0]
        bar = figure.colorbar(image, ax=columns, shrink=0.8, aspect=30, pad=0.01)
        bar.outline.set_linewidth(0.5)
    return figure


@styled
def draw_feature_maps(
    image: ArrayLike,
    layers: dict[str, tuple[Callable[..., Tensor], Teacher]],
    kernel: ArrayLike,
    transformation: Transformation,
    image_name: str = "image",
) -> Figure:
    """The outputs of layers for an image, and for the transformed image.

    The last row is the output for the transformed image minus the transformed output
    for the image: zero for an equivariant layer. Below it is its norm relative to the
    output's; and, where the transformation interpolates, the teacher's own.

    Args:
        image: Array of shape `(n, n)`, drawn dark on white; or `(n, n, channels)` from
            0 to 1, drawn as it is, of whose channels the layers get the mean.
        layers: Dictionary from names to pairs of a callable of inputs and a
            kernel, and the `Teacher` that has its sizes.
        kernel: Array of shape `(k, k)`.
        transformation: `Transformation` of the image.
        image_name: String, over the column of the image.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> student, _ = clone("c4", image_size=8, solver="closed-form", verbose=0)
    >>> teacher = student.teacher
    >>> layers = {"teacher": (teacher, teacher), "clone": (student, teacher)}
    >>> rotation = GroupTransformation("c4", 1)
    >>> figure = draw_feature_maps(np.eye(8), layers, np.ones((3, 3)), rotation)
    >>> len(figure.axes)
    9

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), figures 5 and 6
    """
    shown = np.asarray(image, "float32")
    image = shown.mean(axis=-1) if shown.ndim == 3 else shown
    compared = {
        name: transformed_outputs(layer, teacher, image, kernel, transformation)
        for name, (layer, teacher) in layers.items()
    }
    limit = max(np.abs(each.output).max() for each in compared.values())
    widest = max(_aspect(each.output) for each in compared.values())
    widths = [1.0, *[widest] * len(layers)]
    # As wide as a page, and as high as rows of squares beside these mosaics.
    height = 0.5 + 3.6 * (len(layers) + 1) / sum(widths)
    if transformation.interpolates:
        height += 0.4
    figure = new_figure(height, 1.4 * (len(layers) + 1))
    grid = figure.subplots(3, len(widths), squeeze=False, width_ratios=widths)
    rows = shown[None] if shown.ndim == 3 else shown[None, ..., None]
    pair = rows[0], _within_range(transformation, rows)[0]
    for axes, pixels, title in zip(grid[:, 0], pair, (image_name, "")):
        if shown.ndim == 3:
            show_image(axes, pixels, title)
        else:
            show_pixels(axes, pixels[..., 0], title=title)
    grid[0, 0].set_ylabel("original")
    grid[1, 0].set_ylabel(transformation.title)
    grid[2, 0].axis("off")
    for column, (name, found) in zip(grid.T[1:], compared.items()):
        parts = (found.output, found.output_of_transformed, found.difference)
        for axes, maps in zip(column, parts):
            show_pixels(axes, mosaic(maps), limit)
        column[0].set_title(name)
        layer, teacher = layers[name]
        label = f"equivariance error\n{found.error:.1e}"
        if transformation.interpolates and layer is teacher:
            label += "\nby interpolation"
        elif transformation.interpolates:
            setting = (image, kernel, transformation)
            own = transformed_outputs(teacher, teacher, *setting).error
            label += f"\nteacher's own {own:.1e}"
        column[2].set_xlabel(label)
    grid[2, 1].set_ylabel("difference")
    return figure


def _within_range(transformation, images) -> Array:
    """Transformed images to show: cubic interpolation leaves their range."""
    inputs = transformation.inputs(images)
    if not transformation.interpolates:
        return inputs
    return inputs.clip(images.min(), images.max())


def _aspect(maps) -> float:
    """How many times as wide as high their mosaic is, at least 1."""
    height, width = mosaic(maps).shape
    return max(1.0, width / height)


def mosaic(maps: Array) -> Array:
    """Feature maps in two rows, more than eight in more, or a single one as it is.

    Args:
        maps: Array of shape `(m, m, maps)`.

    Returns:
        Two-dimensional array, with a line of NaN between maps.

    Example:

    >>> mosaic(np.zeros((6, 6, 4))).shape
    (13, 13)
    """
    size, _, count = maps.shape
    if count == 1:
        return maps[..., 0]
    rows = 2 if count <= 8 else min(4, -(-count // 4))
    columns = -(-count // rows)
    tiles = np.full((rows, size + 1, columns, size + 1), np.nan)
    for index in range(count):
        tiles[index // columns, :size, index % columns, :size] = maps[..., index]
    return tiles.reshape(rows * (size + 1), -1)[:-1, :-1]
