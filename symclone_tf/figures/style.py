"""One look for all figures, and files that come out the same each time."""

import functools
import io
import pathlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symclone_tf.artifacts import write_file
from symclone_tf.checks import one_of
from symclone_tf.types import Array, Path

P = ParamSpec("P")
T = TypeVar("T")

FORMATS = ("png", "svg", "pdf")

STYLE = matplotlib.rc_params_from_file(
    pathlib.Path(__file__).with_name("symclone.mplstyle"), use_default_template=False
)
COLOURS = tuple(STYLE["axes.prop_cycle"].by_key()["color"])
BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY = COLOURS

# Of signed values white is zero; of images white is empty.
SIGNED, INK = "RdBu_r", "gray_r"

# Dates would make each file another.
_METADATA = {
    "png": {"Software": "symclone-tf"},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Applies the look of all figures to a function that draws."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


def new_figure(height: float, width: float = 6.8) -> Figure:
    """An empty figure, by default as wide as a page's text, in inches."""
    return Figure(figsize=(width, height))


def show_pixels(
    axes: Axes, pixels: Array, limit: float | None = None, title: str = ""
) -> None:
    """Draws an image, dark on white; with a limit, values from -limit to limit."""
    if limit is None:
        axes.imshow(pixels, cmap=INK)
    else:
        axes.imshow(pixels, cmap=SIGNED, vmin=-limit, vmax=limit)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.5, color=GREY)


def show_image(axes: Axes, image: Array, title: str = "") -> None:
    """Draws an image of values from 0 to 1 in its own colours, or gray from black."""
    image = np.clip(np.asarray(image, "float64"), 0, 1)
    if image.shape[-1] == 1:
        image = image.repeat(3, axis=-1)
    show_pixels(axes, image[..., :3], title=title)


@styled
def figure_bytes(figure: Figure, file_format: str) -> bytes:
    """A figure in a file format, the same bytes each time.

    Args:
        figure: `matplotlib.figure.Figure`.
        file_format: String, `"png"`, `"svg"` or `"pdf"`.

    Raises:
        ValueError: If the format is none of these.

    Example:

    >>> figure = draw_learning_curves({9: [1.0, 0.1]})
    >>> figure_bytes(figure, "png")[1:4]
    b'PNG'
    """
    one_of("file_format", file_format, FORMATS)
    stream = io.BytesIO()
    figure.savefig(stream, format=file_format, metadata=_METADATA[file_format])
    return stream.getvalue()


def save_figure(figure: Figure, file: Path) -> pathlib.Path:
    """Writes a figure in the format of the file's ending.

    Args:
        figure: `matplotlib.figure.Figure`.
        file: String or path, that ends with `.png`, `.svg` or `.pdf`; a file
            that is there is replaced.

    Returns:
        `pathlib.Path` of the file.

    Raises:
        ValueError: If the ending is none of these.
        OSError: If writing fails.

    Example:

    >>> save_figure(draw_learning_curves({9: [1.0, 0.1]}), directory / "a.svg").name
    'a.svg'
    """
    file = pathlib.Path(file)
    write_file(file, figure_bytes(figure, file.suffix.lstrip(".")))
    return file
