"""Sections that the docstrings of several classes share, written once."""

import inspect

# Sections by their placeholders.
SHARED: dict[str, str] = {}


def share(kind: str, text: str | None, start: str, end: str | None = None) -> None:
    """Stores a section of a docstring for the placeholder `{shared by all <kind>}`.

    Args:
        kind: String, the classes that share it, as `"students"`.
        text: String, the docstring; `None` if Python runs with `-OO`.
        start: String, the beginning of the section.
        end: String, what follows the section; `None` for the end of the docstring.
    """
    if text is not None:
        clean = inspect.cleandoc(text)
        section = clean[clean.index(start) : None if end is None else clean.index(end)]
        SHARED[f"{{shared by all {kind}}}"] = section.rstrip()


def with_shared(text: str | None) -> str | None:
    """Replaces the placeholders of a docstring by the shared sections.

    Args:
        text: String, with each `{shared by all <kind>}` in a line of its own; `None` if
            Python runs with `-OO`.

    Returns:
        String, or `None`.
    """
    if text is None or not any(placeholder in text for placeholder in SHARED):
        return text
    text = inspect.cleandoc(text)
    for placeholder, section in SHARED.items():
        text = text.replace(placeholder, section)
    return text
