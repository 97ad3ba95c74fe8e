"""Docstrings in Keras' form, as the site's parser reads them."""

import re
import textwrap

import griffe

HEADINGS = re.compile(r"^(Examples?|References?):$")
# Sections that griffe does not have.
OTHERS = re.compile(
    r"^(Call arguments|Input shape|Output shape):\n((?:    .*\n|\n)+)", re.M
)
# griffe would take everything before the first colon for a type.
RESULTS = re.compile(r"^((?:Returns|Yields):\n +)(?=\S)", re.MULTILINE)


class KerasDocstrings(griffe.Extension):
    """Puts examples into blocks, which Keras leaves open, and titles in bold."""

    def on_object(self, *, obj, **options):
        if obj.docstring:
            # Not with the other imports: Keras takes seconds.
            from symclone_tf import layers, students
            from symclone_tf.docstrings import with_shared

            _ = students.Student, layers.Convolution  # which share theirs

            obj.docstring.value = in_blocks(with_shared(obj.docstring.value))


def in_blocks(text) -> str:
    """A docstring whose examples are blocks of Markdown.

    Args:
        text: String, in which examples begin with `>>>` and end with an empty line.
    """
    lines, indent, text = [], None, OTHERS.sub(_as_prose, f"{text}\n")
    for line in RESULTS.sub(r"\1: ", text).splitlines():
        bare = line.lstrip()
        if indent is None and bare.startswith(">>>"):
            indent = line[: len(line) - len(bare)]
            lines.append(f"{indent}```pycon")
        if indent is not None and not bare:
            lines.append(f"{indent}```")
            indent = None
        lines.append(HEADINGS.sub(r"**\1**", line))
    if indent is not None:
        lines.append(f"{indent}```")
    return "\n".join(lines)


def _as_prose(section) -> str:
    """A section's title in bold, and its arguments as a list."""
    body = textwrap.dedent(section[2])
    if section[1] == "Call arguments":
        body = re.sub(r"^(\w+): ", r"- **`\1`**: ", body, flags=re.M)
    return f"**{section[1]}**\n\n{body}"
