"""HTML pages of tables and figures, each in one file that loads nothing else."""

import base64
import functools
import pathlib
import re

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from symclone_tf.artifacts import write_file
from symclone_tf.cloning import versions
from symclone_tf.errors import ArtifactError
from symclone_tf.figures.style import figure_bytes

MARK = '<meta name="generator" content="symclone-tf">'


def check_page(output: pathlib.Path) -> None:
    """Refuses to replace a file that is no page of this package.

    Args:
        output: `pathlib.Path`.

    Raises:
        ArtifactError: If it is a folder, or a file of someone else's.

    Example:

    >>> file = directory / "notes.html"
    >>> check_page(file)  # nothing is there
    >>> write_file(file, b"Mine.")
    >>> check_page(file)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symclone_tf.errors.ArtifactError: ...notes.html was not written by symclone-tf: ...
    """
    if output.is_dir():
        raise ArtifactError(f"`output` must be a file. {output} is a folder")
    if output.exists() and MARK.encode() not in output.read_bytes()[:1000]:
        raise ArtifactError(
            f"{output} was not written by symclone-tf: move it away, or give "
            "another `output`"
        )


def write_page(output: pathlib.Path, template: str, title: str, **values) -> None:
    """Writes a page.

    Args:
        output: `pathlib.Path`; what is there is replaced.
        template: String, the name of a file in `templates`, that extends
            `page.html`.
        title: String.
        **values: The template's variables.

    Raises:
        OSError: If writing fails.
    """
    write_file(output, render_page(template, title, **values))


def render_page(template: str, title: str, **values) -> bytes:
    """The content of a page, see `write_page`."""
    made_by = ", ".join(f"{name} {version}" for name, version in versions().items())
    page = templates().get_template(template)
    return page.render(title=title, made_by=made_by, **values).encode()


@functools.cache
def templates() -> jinja2.Environment:
    """The templates of all pages, which escape all values."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Keys keep their order.
    environment.policies["json.dumps_kwargs"] = {}
    environment.filters.update(
        {f.__name__: f for f in (anchor, data_uri, in_words, unbroken)}
    )
    environment.globals["source"] = functools.partial(_source, environment)
    return environment


def _source(environment, name) -> Markup:
    """A style sheet or script as it is: its braces are no template's."""
    text, _, _ = environment.loader.get_source(environment, name)
    return Markup(text)


def anchor(title: str, within: str = "") -> str:
    """The anchor of a heading.

    Args:
        title: String, the heading.
        within: String, the title of the part that it is in.
    """
    return re.sub(r"\W+", "-", f"{within} {title}".lower()).strip("-")


def in_words(name: str) -> str:
    """The name of an illustration as a title."""
    return name.replace("-", " ").capitalize()


def unbroken(text: str) -> Markup:
    """A cell whose numbers are not broken, except before ± and arrows."""
    parts = re.split(" (?=[±→])", text)
    return Markup(" ").join(Markup("<span>{}</span>").format(p) for p in parts)


def data_uri(figure: Figure) -> str:
    """A figure as an SVG within the page."""
    data = base64.b64encode(figure_bytes(figure, "svg")).decode()
    return f"data:image/svg+xml;base64,{data}"


def png_uri(figure: Figure) -> str:
    """A figure as a PNG within the page, smaller than an SVG of many maps."""
    data = base64.b64encode(figure_bytes(figure, "png")).decode()
    return f"data:image/png;base64,{data}"
