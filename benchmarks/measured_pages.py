"""Pages of measurements: a title, the machine, what was done, and tables."""


def busy(about) -> str:
    """What is said of a machine that did other work at the same time.

    >>> busy({"cores": 2})
    'Machine: cores 2, busy with other work: minutes are no measure of speed.'
    """
    named = ", ".join(f"{name} {value}" for name, value in about.items())
    return f"Machine: {named}, busy with other work: minutes are no measure of speed."


def page(title, about, text, sections) -> str:
    """A page in Markdown.

    Args:
        title: String.
        about: Dictionary, of the machine.
        text: String, what was done.
        sections: Iterable of tuples: a title; paragraphs, perhaps none; the headings
            of a table; and its lines, lists of strings.

    >>> print(page("Runs", {}, "Short ones.", [("A", [], ["who", "s"], [["I", "1"]])]))
    # Runs
    <BLANKLINE>
    Machine: , busy with other work: minutes are no measure of speed.
    <BLANKLINE>
    Short ones.
    <BLANKLINE>
    ## A
    <BLANKLINE>
    | who | s |
    |---|---:|
    | I | 1 |
    <BLANKLINE>
    """
    lines = [f"# {title}", "", busy(about), "", text]
    for name, paragraphs, heads, rows in sections:
        lines += ["", f"## {name}"]
        for paragraph in paragraphs:
            lines += ["", paragraph]
        lines += ["", *table(heads, rows)]
    return "\n".join([*lines, ""])


def write(file, text) -> None:
    """Writes a page beside its table.

    Args:
        file: `pathlib.Path`, of the table.
        text: String.
    """
    file.with_suffix(".md").write_text(text, encoding="utf-8")


def table(heads, rows) -> list[str]:
    """A table whose first column alone is of words.

    >>> table(["a", "b"], [["x", "1"]])
    ['| a | b |', '|---|---:|', '| x | 1 |']
    """
    rule = "|---|" + "---:|" * (len(heads) - 1)
    return [_line(heads), rule, *map(_line, rows)]


def _line(cells):
    return f"| {' | '.join(cells)} |"
