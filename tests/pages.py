"""The pages of the documentation, and what stands on them."""

import dataclasses
import json
import pathlib
import re
import shlex

import click
import pytest

import symclone_tf as sc
from symclone_tf.cli.main import main

from cases import later

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
GALLERY = ROOT / "exported" / "README.md"
FOR_USERS = [README, *sorted((ROOT / "docs").rglob("*.md")), GALLERY]
PAGES = [
    *FOR_USERS,
    *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "CHANGELOG", "SECURITY")),
]


def every_page(pages=PAGES, slow=()):
    names = [str(page.relative_to(ROOT)) for page in pages]
    marked = [later(page) if page in slow else page for page in pages]
    return pytest.mark.parametrize("page", marked, ids=names)


def text_of(page) -> str:
    return page.read_text("utf-8")


def flowing(page) -> str:
    """A page without line breaks, to look for sentences in."""
    return " ".join(text_of(page).split())


def doc(name):
    return ROOT / "docs" / f"{name}.md"


def blocks(page, language) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


def spans(page) -> list[str]:
    """What stands in backquotes, outside of blocks."""
    prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


def printing() -> list[pathlib.Path]:
    """The pages to learn from, below whose blocks of Python stands what they print."""
    return [
        page
        for page in sorted((ROOT / "docs").glob("*/*.md"))
        if blocks(page, "python")
    ]


SYMMETRY_BREAKING = doc("symmetry-breaking")


def table(page, title) -> list[list[str]]:
    """The rows of the table whose first heading this is, as lists of cells."""
    lines = text_of(page).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {title} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


@dataclasses.dataclass
class Written:
    """A command as a page has it, its arguments as a shell would pass them."""

    arguments: list[str]
    block: bool

    @property
    def name(self):
        return self.arguments[0]

    @property
    def is_cheap(self):
        """Whether it is done in seconds."""
        if self.name == "clone":
            sizes = dict(zip(self.arguments, self.arguments[1:]))
            return int(sizes.get("--image-size", 28)) <= 10
        return self.name in ("list", "evaluate", "serving-config", "relax")


def commands(page) -> list[Written]:
    """All commands in a page, in its order: of shell blocks, then of spans."""
    found = []
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                if words and pathlib.PurePath(words[0]).name == "symclone-tf":
                    found.append(Written(words[1:], block=True))
    for span in spans(page):
        words = shlex.split(span)
        if words[0] == "symclone-tf":
            found.append(Written(words[1:], block=False))
        elif words[0] in main.commands and words[1:]:
            found.append(Written(words, block=False))
    return found


def parse(written) -> dict:
    """The options of a command, or what click says against it."""
    assert written.name in main.commands, written
    command = main.commands[written.name]
    try:
        return command.make_context(written.name, list(written.arguments[1:])).params
    except (click.MissingParameter, click.BadOptionUsage):
        # In a sentence, the name of a command or of an option may stand alone.
        assert not written.block
        accepted = {name for option in command.params for name in option.opts}
        assert {w for w in written.arguments if w.startswith("-")} <= accepted
        return {}


def measured(name):
    return sc.experiments.read_benchmark(RESULTS / "mnist" / name)


def results(name):
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
