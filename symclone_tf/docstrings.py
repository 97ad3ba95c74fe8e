"""Parts of docstrings that classes have in common, written once."""

import inspect

# By what stands for them in other docstrings.
SHARED: dict[str, str] = {}


def share(kind, text, start, end=None) -> None:
    """Lets `{shared by all …}` stand for a part of a docstring.

    Args:
        kind: String, what all of them are, as `"students"`.
        text: String, the docstring; `None` where Python leaves them out.
        start: String, with which the part begins.
        end: String, before which it ends; `None` for the docstring's end.
    """
    if text is not None:
        said = inspect.cleandoc(text)
        part = said[said.index(start) : None if end is None else said.index(end)]
        SHARED[f"{{shared by all {kind}}}"] = part.rstrip()


def with_shared(text):
    """A docstring with all that stands elsewhere.

    Args:
        text: String, with `{shared by all …}` in lines of their own; `None` where
            Python leaves docstrings out.
    """
    if text is None or not any(name in text for name in SHARED):
        return text
    text = inspect.cleandoc(text)
    for name, part in SHARED.items():
        text = text.replace(name, part)
    return text
