"""Pages of the reference: every public name of every room, and every command."""

import ast
import functools

import griffe

from tools.documentation.commands import commands_page
from tools.documentation.docstrings import KerasDocstrings
from tools.documentation.site_paths import ROOT

PACKAGE = "symclone_tf"
EXAMPLES = (
    "Examples begin where these names are imported, Keras, and NumPy as `np`; "
    "`directory` is the path of a folder."
)
ROOMS = (
    "symmetry",
    "teachers",
    "students",
    "cloning",
    "layers",
    "networks",
    "artifacts",
    "workspace",
    "data",
    "experiments",
    "probe",
    "studies",
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
    """The public names of an `__init__.pyi`, in its order.

    Args:
        door: `griffe.Module`, the package or a room.
    """
    return [n for n, target in door.imports.items() if target.startswith(PACKAGE)]


def public_name(thing) -> str:
    """The public name, in its room, of what a module defines."""
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
    """The names of `import symclone_tf as sc`, and links to their documentation."""
    lines = [
        "# Reference",
        "",
        "The names of `import symclone_tf as sc`; the others are one dot "
        "further, in its rooms. All of it is made from the code, and the tests run "
        "every example that needs no data. [Commands](commands.md) have a page.",
        "",
        "| name | what it is |",
        "|---|---|",
    ]
    for name in names_of(package()):
        if name not in ROOMS:
            thing = package()[name]
            lines.append(f"| [`sc.{name}`][{public_name(thing)}] | {summary(thing)} |")
    lines += ["", "| room | what is in it |", "|---|---|"]
    for room in ROOMS:
        lines.append(f"| [`sc.{room}`]({room}.md) | {summary(package()[room])} |")
    return "\n".join([*lines, ""])


def room_page(room) -> str:
    """All names of a room."""
    door = package()[room]
    lines = [f"# sc.{room}", "", door.docstring.value, "", EXAMPLES, ""]
    lines += ["| name | what it is |", "|---|---|"]
    for name in names_of(door):
        lines.append(f"| [`{name}`][{PACKAGE}.{room}.{name}] | {summary(door[name])} |")
    lines.append("")
    for name in names_of(door):
        lines += [f"::: {PACKAGE}.{room}.{name}", "    options:"]
        lines.append(f"      inherited_members: {inherited(door[name])}")
        lines += [
            f"      show_attribute_values: {str(is_plain(door[name])).lower()}",
            "",
        ]
    return "\n".join(lines)


def is_plain(thing) -> bool:
    """Whether the value of a constant is a literal in the code.

    Args:
        thing: `griffe.Object` of a room.
    """
    thing = thing.final_target if thing.is_alias else thing
    try:
        # Empty ones are filled later.
        return bool(ast.literal_eval(str(thing.value))) if thing.is_attribute else True
    except ValueError:
        return False


def inherited(thing) -> list[str]:
    """The inherited members that the page of a class documents.

    Those with a docstring, except for the members of a base that the front door
    documents already.

    Args:
        thing: `griffe.Object` of a room.
    """
    thing = thing.final_target if thing.is_alias else thing
    if not thing.is_class:
        return []
    doors = [package()[n] for n in names_of(package()) if n not in ROOMS]
    doors = {d.final_target.path if d.is_alias else d.path for d in doors}
    documented = set()
    for base in thing.mro():
        if base.path in doors:
            documented |= {*base.members, *base.inherited_members}
    return [
        name
        for name, member in thing.inherited_members.items()
        if not name.startswith("_") and member.docstring and name not in documented
    ]


def errors_page() -> str:
    """Errors and warnings."""
    options = "    options:\n      show_root_heading: false\n"
    options += "      show_root_toc_entry: false\n"
    return f"# Errors\n\n::: {PACKAGE}.errors\n{options}"
