"""One HTML page of tables and figures, that needs nothing else."""

import base64
import html

from symclone_tf.artifacts import write_file
from symclone_tf.cloning import versions
from symclone_tf.errors import ArtifactError
from symclone_tf.figures.style import figure_bytes

MARK = '<meta name="generator" content="symclone-tf">'
# Figures keep their white: they are drawn for it.
_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1a1a; --soft: #4a4a4a;
  --line: #ccc; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --ink: #e8e8e8;
  --soft: #b4b4b4; --line: #555; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.2; }
figure { margin: 1.5rem 0; }
figure img { max-width: 100%; height: auto; background: #fff; }
figcaption, footer { color: var(--soft); font-size: 0.9rem; }
.scroll, pre { overflow-x: auto; }
pre { border: 1px solid var(--line); padding: 0.6rem; font-size: 0.9rem; }
table { border-collapse: collapse; font-size: 0.9rem; }
caption { text-align: left; font-weight: bold; padding: 0.3rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.6rem;
  text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
"""


def check_page(output) -> None:
    """Refuses to replace what is no page of this package.

    Args:
        output: `pathlib.Path`.

    Raises:
        ArtifactError: If it is a folder, or a file of someone else's.
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
    """
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in rows[0])
    lines = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row.values())
        + "</tr>\n"
        for row in rows
    )
    # Wide tables scroll by themselves, also with the keyboard.
    return (
        f'<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{html.escape(caption)}">\n<table>'
        f"<caption>{html.escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}</tbody></table>\n</div>"
    )


def figure(illustration) -> str:
    """A figure with its caption, or what it would need.

    Args:
        illustration: `Illustration`.
    """
    title = illustration.name.replace("-", " ").capitalize()
    heading = f"<h3>{html.escape(title)}</h3>"
    text = html.escape(illustration.caption)
    if illustration.figure is None:
        return f"{heading}\n<p>Left out: it needs {text}.</p>"
    data = base64.b64encode(figure_bytes(illustration.figure, "svg")).decode()
    return (
        f'{heading}\n<figure><img src="data:image/svg+xml;base64,{data}" '
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
{f"<script>{script}</script>" if script else ""}
</body>
</html>
"""
    write_file(output, text.encode())
