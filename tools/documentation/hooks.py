"""The hooks that MkDocs calls while it builds the site, see `mkdocs.yml`."""

import functools
import os
import sys
import tempfile

from mkdocs.structure.files import File

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# MkDocs loads this file by its path alone, and then removes the path, which
# `on_config` needs again for the benchmarks.
HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(HOME)

from tools.documentation import notebooks, reference, results  # noqa: E402
from tools.documentation.site_paths import (  # noqa: E402
    OUTSIDE,
    RESULTS,
    ROOT,
    drawn_as_list,
    rewritten,
)
from tools.documentation.typesetting import set_in_type  # noqa: E402

MADE = {}
LIVE = "explore-live.html"


@functools.cache
def live() -> str:
    """A page of `symclone-tf explore`, made when the site is first built."""
    import symclone_tf as sc

    with tempfile.TemporaryDirectory() as folder:
        quiet = sc.workspace.Workspace(verbose=0)
        found = sc.studies.explore(workspace=quiet)
        page = sc.figures.write_explore_page(found, f"{folder}/{LIVE}")
        back = '<p><a href="explore.html">← About this page</a></p>'
        return page.read_text("utf-8").replace("<main>", f"<main>{back}", 1)


def on_config(config):
    """Makes the pages, and adds those of rooms and measurements to the menu."""
    if HOME not in sys.path:
        sys.path.append(HOME)
    measured = results.pages()
    MADE.update(reference.pages() | notebooks.pages() | measured)
    menu = {name: pages for each in config.nav for name, pages in each.items()}
    menu["Reference"][1:1] = [p for p in reference.pages() if p != "reference/index.md"]
    menu["Results"].append({"All measurements": list(measured)})
    return config


def on_files(files, config):
    """Adds the pages that are made, and files outside of the documentation's folder."""
    for path, content in MADE.items():
        files.append(File.generated(config, path, content=content))
    for name, path in OUTSIDE.items():
        files.append(File.generated(config, path, abs_src_path=str(ROOT / name)))
    files.append(File.generated(config, LIVE, content=live()))
    for file in RESULTS.rglob("*"):
        if file.suffix in (".csv", ".svg", ".png"):
            path = f"results/{file.relative_to(RESULTS).as_posix()}"
            files.append(File.generated(config, path, abs_src_path=str(file)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Rewrites links, which lead through the repository."""
    path = page.file.src_uri
    if path.startswith(("reference/", "notebooks/")):
        return markdown
    if path.startswith("results/"):
        # Tables are wide, and found by their names; other pages explain them.
        page.meta |= {"search": {"boost": 0.2}}
    if "\n## " not in markdown:
        page.meta |= {"hide": ["toc"]}
    if path == "explore.md":
        markdown += f"\n[Open such a page here]({LIVE}).\n"
    return drawn_as_list(rewritten(markdown, path))


def on_page_content(html, page, config, files):
    """Gives figures their captions, and protects options from line breaks."""
    return set_in_type(html)
