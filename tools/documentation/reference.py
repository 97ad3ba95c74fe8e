"""Pages of the reference: every public name of every room, and every command."""

import functools

import griffe

from tools.documentation.commands import commands_page
from tools.documentation.docstrings import KerasDocstrings
from tools.documentation.places import ROOT

PACKAGE = "symclone_tf"
ROOMS = (
    "symmetry",
    "teachers",
    "students",
    "cloning",
    "layers",
    "artifacts",
    "experiments",
    "figures",
)


def pages() -> dict[str, str]:
    """All pages.

    Returns:
        Dictionary from paths on the site to Markdown, in the order of the menu.
    """
    rooms = {f"reference/{room}.md": room_page(room) for room in ROOMS}
    errors = {"reference/errors.md": errors_page()}
    commands = {"reference/commands.md": commands_page()}
    return {"reference/index.md": front_door(), **rooms, **errors, **commands}


@functools.cache
def package():
    """The package, as it is read without importing it."""
    extensions = griffe.load_extensions(KerasDocstrings())
    return griffe.load(PACKAGE, search_paths=[ROOT], extensions=extensions)


def names_of(door) -> list[str]:
    """What an `__init__.pyi` offers, in its order.

    Args:
        door: `griffe.Module`, the package or a room.
    """
    return [n for n, target in door.imports.items() if target.startswith(PACKAGE)]


def place_of(thing) -> str:
    """The name by which a room offers what a module of it defines."""
    if thing.is_alias:
        thing = thing.final_target
    if thing.is_module:
        return thing.path
    _, room, *_ = thing.path.split(".")
    return f"{PACKAGE}.{room}.{thing.name}"


def summary(thing) -> str:
    """The first sentence of a docstring."""
    text = thing.docstring.value if thing.docstring else ""
    return " ".join(text.partition("\n\n")[0].split())


def front_door() -> str:
    """What `import symclone_tf as sc` offers, and where it is explained."""
    lines = [
        "# Reference",
        "",
        "What `import symclone_tf as sc` offers by itself; the rest is one dot "
        "further, in its rooms. All of it is made of the code, and every example is "
        "run by the tests. [Commands](commands.md) have a page of their own.",
        "",
        "| name | what it is |",
        "|---|---|",
    ]
    for name in names_of(package()):
        if name not in ROOMS:
            thing = package()[name]
            lines.append(f"| [`sc.{name}`][{place_of(thing)}] | {summary(thing)} |")
    lines += ["", "| room | what is in it |", "|---|---|"]
    for room in ROOMS:
        lines.append(f"| [`sc.{room}`]({room}.md) | {summary(package()[room])} |")
    return "\n".join([*lines, ""])


def room_page(room) -> str:
    """All names of a room."""
    lines = [f"# sc.{room}", "", package()[room].docstring.value, ""]
    for name in names_of(package()[room]):
        lines.append(f"::: {PACKAGE}.{room}.{name}")
        # A constant is its value; of classes, what explains itself is shown.
        bare = str(package()[room][name].is_attribute).lower()
        lines += ["    options:", f"      show_if_no_docstring: {bare}"]
        lines += [f"      inherited_members: {inherited(package()[room][name])}", ""]
    return "\n".join(lines)


def inherited(thing) -> list[str]:
    """Which members a class explains that it has of its bases.

    Those that explain themselves, but for what a class of the front door among the
    bases explains already.

    Args:
        thing: `griffe.Object` of a room.
    """
    thing = thing.final_target if thing.is_alias else thing
    if not thing.is_class:
        return []
    doors = [package()[n] for n in names_of(package()) if n not in ROOMS]
    doors = {d.final_target.path if d.is_alias else d.path for d in doors}
    told = set()
    for base in thing.mro():
        if base.path in doors:
            told |= {*base.members, *base.inherited_members}
    return [
        name
        for name, member in thing.inherited_members.items()
        if not name.startswith("_") and member.docstring and name not in told
    ]


def errors_page() -> str:
    """Errors and warnings."""
    options = "    options:\n      show_root_heading: false\n"
    return f"# Errors\n\n::: {PACKAGE}.errors\n{options}"
