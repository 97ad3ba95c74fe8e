"""One HTML page of tables and figures, that needs nothing else."""

import base64
import html
import re

from symclone_tf.artifacts import write_file
from symclone_tf.cloning import versions
from symclone_tf.errors import ArtifactError
from symclone_tf.figures.style import figure_bytes

MARK = '<meta name="generator" content="symclone-tf">'
# Figures keep their white: they are drawn for it. Paper is always white.
_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1a1a; --soft: #4a4a4a;
  --line: #ccc; }
@media screen and (prefers-color-scheme: dark) { :root { --ground: #16181c;
  --ink: #e8e8e8; --soft: #b4b4b4; --line: #555; } }
body { margin: 0 auto; max-width: 64rem; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.2; }
main > p, main > ul, figcaption { max-width: 56rem; }
figure { margin: 1.5rem 0; }
figure img { max-width: 100%; height: auto; background: #fff; }
figcaption, footer { color: var(--soft); font-size: 0.9rem; }
.scroll, pre { overflow-x: auto; }
pre { border: 1px solid var(--line); padding: 0.6rem; font-size: 0.9rem; }
table { border-collapse: collapse; font-size: 0.9rem; }
caption { text-align: left; font-weight: bold; padding: 0.3rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.4rem;
  text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; min-width: 10rem; }
td span { white-space: nowrap; }
a { color: inherit; }
nav ul { columns: 14rem; margin: 0; padding: 0; list-style: none; }
nav li { break-inside: avoid; padding: 0.1rem 0; }
nav li ul { columns: 1; padding-left: 1rem; font-size: 0.9rem; }
details caption { position: absolute; clip-path: inset(50%); }
summary { cursor: pointer; font-weight: bold; padding: 0.4rem 0; }
@media print { :root { color-scheme: light; } details:has(nav) { display: none; }
  body { max-width: none; padding: 0; font-size: 0.8rem; }
  figure, tr { break-inside: avoid; } h2, h3, caption { break-after: avoid; }
  th, td { padding: 0.2rem; font-size: 0.7rem; }
  th:first-child, td:first-child { min-width: 0; } .scroll { overflow: visible; } }
"""
_HEADING = r'<h([23]) id="(.*?)">(.*?)</h'
# What is folded is printed too, and folded again.
_PRINTING = """
addEventListener("beforeprint", () => { for (const part of
  document.querySelectorAll("details:not([open])")) {
  part.open = true; addEventListener("afterprint", () => { part.open = false; },
  { once: true }); } });
"""


def check_page(output) -> None:
    """Refuses to replace what is no page of this package.

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


def table(caption, rows) -> str:
    """A table, that scrolls by itself where it is wide.

    Args:
        caption: String.
        rows: List of dictionaries from headers to texts.

    Returns:
        String of HTML, empty without rows. Names in the first column may break, and
        figures before ± and arrows.
    """
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in rows[0])
    lines = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in _cells(row)) + "</tr>\n"
        for row in rows
    )
    # Where the screen is narrow, they scroll by themselves, also with the keyboard.
    return (
        f'<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{html.escape(caption)}">\n<table>'
        f"<caption>{html.escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}</tbody></table>\n</div>"
    )


def _cells(row) -> list[str]:
    """Cells in HTML, whose figures stay whole."""
    name, *figures = map(html.escape, row.values())
    parts = (re.split(" (?=[±→])", text) for text in figures)
    spans = (" ".join(f"<span>{part}</span>" for part in text) for text in parts)
    return [name, *spans]


def folded(title, part) -> str:
    """A part that is seen once its title is opened, and in print.

    Args:
        title: String.
        part: String of HTML; nothing is made of an empty one.
    """
    if not part:
        return ""
    return f"<details><summary>{html.escape(title)}</summary>\n{part}\n</details>"


def heading(title, within="", level=2) -> str:
    """A heading that a table of contents leads to.

    Args:
        title: String.
        within: String, the title of what it is a part of.
        level: Integer, 2 or 3.
    """
    anchor = re.sub(r"\W+", "-", f"{within} {title}".lower()).strip("-")
    return f'<h{level} id="{anchor}">{html.escape(title)}</h{level}>'


def contents(parts) -> str:
    """A table of contents, folded.

    Args:
        parts: List of strings of HTML, whose headings are those of `heading`.
    """
    lines, level = [], "2"
    for nesting, anchor, text in re.findall(_HEADING, "".join(parts)):
        if nesting != level:
            lines.append("<ul>" if nesting > level else "</li></ul></li>")
        elif lines:
            lines.append("</li>")
        lines.append(f'<li><a href="#{anchor}">{text}</a>')
        level = nesting
    lines.append("</li></ul></li>" if level == "3" else "</li>")
    inside = "\n".join(lines)
    return folded("Contents", f"<nav aria-label='Contents'><ul>\n{inside}\n</ul></nav>")


def figure(illustration, within="") -> str:
    """A figure with its caption, or what it would need.

    Args:
        illustration: `Illustration`.
        within: String, the title of what it is a part of.
    """
    title = illustration.name.replace("-", " ").capitalize()
    return f"{heading(title, within, 3)}\n{picture(illustration)}"


def picture(illustration) -> str:
    """The same without a heading.

    Args:
        illustration: `Illustration`.
    """
    text = html.escape(illustration.caption)
    if illustration.figure is None:
        return f"<p>Left out: it needs {text}.</p>"
    data = base64.b64encode(figure_bytes(illustration.figure, "svg")).decode()
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" '
        f'alt="{text}">\n<figcaption>{text}</figcaption></figure>'
    )


def write_page(output, title, parts, style="", script="") -> None:
    """Writes a page.

    Args:
        output: `pathlib.Path`; what is there is replaced.
        title: String.
        parts: List of strings of HTML.
        style: String of CSS, after that of all pages.
        script: String of JavaScript, run once all parts are there.

    Raises:
        OSError: If writing fails.
    """
    about = ", ".join(f"{name} {version}" for name, version in versions().items())
    body = "\n".join(filter(None, parts))
    title = html.escape(title)
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{MARK}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>symclone-tf: {title}</title>
<style>{_STYLE}{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
<footer><p>Made by {html.escape(about)}.</p></footer>
<script>{_PRINTING}{script}</script>
</body>
</html>
"""
    write_file(output, text.encode())
