"""Paths of the repository's files on the site, and links between them."""

import pathlib
import posixpath
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS, RESULTS = ROOT / "docs", ROOT / "benchmarks" / "results"

# Files outside of docs/, where readers of the repository look for them.
OUTSIDE = {
    "README.md": "project/readme.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "exported/README.md": "project/clones.md",
    "CITATION.cff": "project/CITATION.cff",
}
FOLDERS = {"benchmarks/results/": "results/", "docs/": ""}
BACK = re.compile(r"^\[← .*\]\(\S+\)\n+", re.MULTILINE)
FENCES = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINKS = re.compile(r"\]\(([^()\s]+)\)")


def on_site(name) -> str | None:
    """The path on the site of a file of the repository.

    Args:
        name: String, its path from the root, as `"docs/cloning.md"`.

    Returns:
        String, its path on the site, as `"cloning.md"`; `None` for a file that is not
        on it.
    """
    if name in OUTSIDE:
        return OUTSIDE[name]
    for folder, place in FOLDERS.items():
        if name.startswith(folder):
            # Notebooks are read as pages, from which they can be downloaded.
            return re.sub(r"\.ipynb$", ".md", place + name.removeprefix(folder))
    return None


def in_repository(place) -> str:
    """The file of the repository that a page is made of, the inverse of `on_site`."""
    outside = {place: name for name, place in OUTSIDE.items()}
    if place in outside:
        return outside[place]
    if place.startswith("results/"):
        return f"benchmarks/{place}"
    return f"docs/{place}"


def rewritten(text, place) -> str:
    """A page with its links as the site needs them.

    Args:
        text: String, Markdown as the repository has it.
        place: String, the page's path on the site.

    Returns:
        String, without the link back to the README, since the site has a menu.
    """
    home = posixpath.dirname(in_repository(place))
    here = posixpath.dirname(place) or "."

    def link(match):
        path, hash_, fragment = match[1].partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        target = on_site(posixpath.normpath(posixpath.join(home, path)))
        if target is None:
            raise ValueError(f"{place} links to {match[1]}, which is not on the site")
        return f"]({posixpath.relpath(target, here)}{hash_}{fragment})"

    parts = FENCES.split(BACK.sub("", text, count=1))
    return "".join(
        part if part.startswith("```") else LINKS.sub(link, part) for part in parts
    )


def drawn_as_list(text) -> str:
    """Flow charts as lists of their boxes: the theme would fetch the script that draws
    them from elsewhere."""

    def items(match):
        boxes = re.findall(r'\w+\["<b>(.*?)</b> · (.*?)"\]', match[1])
        return "\n".join(f"1. **{name}**: {what}" for name, what in boxes)

    return re.sub(r"^```mermaid\n(.*?)^```$", items, text, flags=re.M | re.S)
