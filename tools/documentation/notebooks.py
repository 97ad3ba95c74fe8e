"""Notebooks as pages; `python -m tools.documentation.notebooks` runs them.

Not by mkdocs-jupyter 0.26: its pages load MathJax from elsewhere, are no Markdown that
the site's search and theme treat as other pages, and need nbconvert and jupytext.
"""

import argparse
import base64
import pathlib
import re

import nbformat

from tools.documentation.site_paths import DOCS

HOME = DOCS / "notebooks"
# What differs between runs that compute the same.
VOLATILE = ("execution", "widgets", "language_info")


def main():
    """Runs all notebooks, and saves them with their output."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path)
    for file in parser.parse_args().notebooks or sorted(HOME.glob("*.ipynb")):
        nbformat.write(executed(file), file)


def executed(file):
    """A notebook with the output of a run from top to bottom.

    Args:
        file: `pathlib.Path`.

    Returns:
        `nbformat.NotebookNode`, without the times of the run.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    from nbclient import NotebookClient

    notebook = nbformat.read(file, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    for cell in notebook.cells:
        for name in VOLATILE:
            cell.metadata.pop(name, None)
        # TensorFlow logs what it finds on a machine.
        cell.outputs = [o for o in cell.get("outputs", []) if o.get("name") != "stderr"]
        if cell.cell_type != "code":
            del cell["outputs"]
    for name in VOLATILE:
        notebook.metadata.pop(name, None)
    return notebook


def pages() -> dict[str, str | bytes]:
    """The pages of all notebooks, and their pictures.

    Returns:
        Dictionary from paths on the site to their content.
    """
    made = {}
    for file in sorted(HOME.glob("*.ipynb")):
        made |= page(nbformat.read(file, as_version=4), f"notebooks/{file.stem}")
    return made


def page(notebook, path) -> dict[str, str | bytes]:
    """One notebook as Markdown.

    Args:
        notebook: `nbformat.NotebookNode`, executed.
        path: String, its path on the site, without a suffix.

    Returns:
        Dictionary, of the page and of the pictures of its output.
    """
    stem, made, text = pathlib.PurePath(path).name, {}, []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text.append(cell.source)
            continue
        text.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            if output.output_type == "stream":
                text.append(f"```text\n{output.text.rstrip()}\n```")
            elif picture := output.data.get("image/png"):
                name = f"{stem}-{len(made)}.png"
                made[f"notebooks/{name}"] = base64.b64decode(picture)
                text.append(f"![{title(cell.source)}]({name})")
            elif "text/plain" in output.data:
                text.append(f"```text\n{output.data['text/plain']}\n```")
    first, *rest = text
    download = f"[Download this notebook]({stem}.ipynb), for Colab or Jupyter."
    made[f"{path}.md"] = "\n\n".join([first, download, *rest, ""])
    return made


def title(source) -> str:
    """A picture's caption: the comment that its cell begins with."""
    found = re.match(r"# (.*)", source)
    return found[1] if found else "What the cell above draws"


if __name__ == "__main__":
    main()
