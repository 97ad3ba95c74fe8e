"""Pictures of what was learned: digits, operators and feature maps."""

import numpy as np

from symclone_tf.figures.style import new_figure, show_pixels, styled
from symclone_tf.studies.learning import operators, transformed_outputs
from symclone_tf.symmetry import Translation, get_group, transformations_of


@styled
def draw_digits(images, group="c4", shifts=((-4, 3), (2, 6), (5, -5))):
    """Images, and what a group makes of them.

    Args:
        images: Array of shape `(count, n, n)`, drawn in a column each.
        group: String or `PointGroup`.
        shifts: Tuple of pairs of integers, pixels down and to the right, for
            T(2).

    Returns:
        `matplotlib.figure.Figure`, with a row for the originals and one for
        each of the moves.

    Example:

    >>> figure = draw_digits(np.random.rand(5, 28, 28), "c4")
    >>> len(figure.axes)
    20

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), figure 2
    """
    group = get_group(group)
    images = np.asarray(images)[..., None]
    rows = {"original": images}
    shown = map(Translation, shifts) if group.is_trivial else transformations_of(group)
    rows |= {move.title: move.inputs(images) for move in shown}
    figure = new_figure(0.15 + 0.85 * len(rows), 0.8 + 0.85 * len(images))
    grid = figure.subplots(len(rows), len(images), squeeze=False)
    for axes_row, (name, row) in zip(grid, rows.items()):
        for axes, pixels in zip(axes_row, row):
            show_pixels(axes, pixels[..., 0])
        axes_row[0].set_ylabel(name)
    return figure


@styled
def draw_operators(student, kernel):
    """A clone's matrix from pixels to pixels beside its teacher's.

    A convolution's matrix is doubly Toeplitz: bands of bands. A point group
    stacks one matrix for each of its elements.

    Args:
        student: `Student` of inputs with one map, as images.
        kernel: Array of shape `(k, k)`.

    Returns:
        `matplotlib.figure.Figure`, whose columns are the clone, its teacher,
        and their difference on a scale of its own.

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
    count, outputs, inputs = taught.shape
    figure = new_figure(0.75 + 1.75 * outputs / inputs * count)
    grid = figure.subplots(count, 3, squeeze=False)
    limits = [np.abs(taught).max()] * 2 + [np.abs(difference).max() or 1.0]
    titles = ("clone", "convolution", "difference")
    for element in range(count):
        matrices = (cloned[element], taught[element], difference[element])
        for axes, matrix, limit in zip(grid[element], matrices, limits):
            show_pixels(axes, matrix, limit)
        if count > 1:
            grid[element, 0].set_ylabel(f"output map {element}")
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
def draw_feature_maps(image, layers, kernel, move, image_name="image"):
    """What layers make of an image, and of the same image moved.

    The last row is the answer to the moved image less the moved answer to the
    image: zero for an equivariant layer. Under it stands its norm relative to
    the answer's.

    Args:
        image: Array of shape `(n, n)`.
        layers: Dictionary from names to pairs of a callable of inputs and a
            kernel, and the `Teacher` that tells its sizes.
        kernel: Array of shape `(k, k)`.
        move: `Transformation` of the image.
        image_name: String, over the column of the image.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    >>> student, _ = clone("c4", image_size=8, solver="closed-form", verbose=0)
    >>> teacher = student.teacher
    >>> layers = {"teacher": (teacher, teacher), "clone": (student, teacher)}
    >>> figure = draw_feature_maps(np.eye(8), layers, np.ones((3, 3)), GroupTransformation("c4", 1))
    >>> len(figure.axes)
    9

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), figures 5 and 6
    """
    image = np.asarray(image, "float32")
    seen = {
        name: transformed_outputs(answer, teacher, image, kernel, move)
        for name, (answer, teacher) in layers.items()
    }
    limit = max(np.abs(moved.answer).max() for moved in seen.values())
    figure = new_figure(4.1, 1.4 * (len(layers) + 1))
    grid = figure.subplots(3, len(layers) + 1, squeeze=False)
    inputs = move.inputs(image[None, ..., None])[0, ..., 0]
    show_pixels(grid[0, 0], image, title=image_name)
    show_pixels(grid[1, 0], inputs)
    grid[0, 0].set_ylabel("original")
    grid[1, 0].set_ylabel(move.title)
    grid[2, 0].axis("off")
    for column, (name, moved) in zip(grid.T[1:], seen.items()):
        parts = (moved.answer, moved.transformed_output, moved.difference)
        for axes, maps in zip(column, parts):
            show_pixels(axes, mosaic(maps), limit)
        column[0].set_title(name)
        column[2].set_xlabel(f"equivariance error\n{moved.error:.1e}")
    grid[2, 1].set_ylabel("difference")
    return figure


@styled
def draw_deformations(kept, titles):
    """How a local student learns to do the same at all places.

    Args:
        kept: Dictionary from steps to arrays of shape `(positions, r, entries)`, as
            `deformations_while_learning` gives it.
        titles: List of strings, one for each place.

    Returns:
        `matplotlib.figure.Figure`, with a row for each place and a column for
        each step.

    Example:

    >>> kept = {0: np.zeros((2, 9, 9)), 77: np.stack([np.eye(9)] * 2)}
    >>> figure = draw_deformations(kept, ["corner", "centre"])
    >>> len(figure.axes)  # and a colour bar
    5
    """
    figure = new_figure(0.4 + 1.1 * len(titles), 0.9 + 1.25 * len(kept))
    grid = figure.subplots(len(titles), len(kept), squeeze=False)
    for column, (step, matrices) in zip(grid.T, kept.items()):
        for axes, matrix in zip(column, matrices):
            show_pixels(axes, matrix, 1.0)
        column[0].set_title("before" if step == 0 else f"step {step}")
        column[-1].set_xlabel("kernel entry")
    for axes, title in zip(grid[:, 0], titles):
        axes.set_ylabel(title)
    image = grid[0, -1].images[0]
    bar = figure.colorbar(image, ax=grid, shrink=0.8, aspect=30, pad=0.01)
    bar.outline.set_linewidth(0.5)
    return figure


def mosaic(maps) -> np.ndarray:
    """Output maps side by side in two rows, or a single one as it is.

    Args:
        maps: Array of shape `(m, m, maps)`.

    Returns:
        Two-dimensional array, with one line of not a number between maps.

    Example:

    >>> mosaic(np.zeros((6, 6, 4))).shape
    (13, 13)
    """
    size, _, count = maps.shape
    if count == 1:
        return maps[..., 0]
    columns = (count + 1) // 2
    tiles = np.full((2, size + 1, columns, size + 1), np.nan)
    for index in range(count):
        tiles[index // columns, :size, index % columns, :size] = maps[..., index]
    return tiles.reshape(2 * (size + 1), -1)[:-1, :-1]
