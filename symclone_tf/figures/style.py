"""One look for all figures, and files that come out the same each time."""

import functools
import io
import pathlib

import matplotlib
from matplotlib.figure import Figure

from symclone_tf.artifacts import write_file
from symclone_tf.checks import one_of

FORMATS = ("png", "svg", "pdf")

# Okabe and Ito's colours, told apart by all kinds of colour vision.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#000000", "#767676"
COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)

# Signed values: white is zero. Images: white is nothing.
SIGNED, INK = "RdBu_r", "gray_r"

STYLE = {
    "axes.grid.axis": "both",
    "axes.labelsize": 8,
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.constrained_layout.use": True,
    "figure.titlesize": 9,
    "font.size": 8,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "image.interpolation": "nearest",
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "svg.hashsalt": "symclone-tf",
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}
# Dates would make each file another.
_METADATA = {
    "png": {"Software": "symclone-tf"},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def styled(draw):
    """Gives a function that draws the look of all figures."""

    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


def new_figure(height, width=6.8) -> Figure:
    """An empty figure, by default as wide as a page's text, in inches."""
    return Figure(figsize=(width, height))


def show_pixels(axes, pixels, limit=None, title="") -> None:
    """Draws an image, dark on white; with a limit, values from -limit to limit."""
    options = {"cmap": INK} if limit is None else {"cmap": SIGNED}
    if limit is not None:
        options |= {"vmin": -limit, "vmax": limit}
    axes.imshow(pixels, **options)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.5, color=GREY)


@styled
def figure_bytes(figure, file_format) -> bytes:
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


def save_figure(figure, file) -> pathlib.Path:
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
