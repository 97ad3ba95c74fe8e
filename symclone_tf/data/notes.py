"""What was done to images, or why files were left out, said once and with counts."""

from collections.abc import Iterable

# How many files are named.
LISTED = 3


class Notes:
    """Files by what is said of them.

    Example:

    >>> notes = Notes()
    >>> for name in ("a.jpg", "b.jpg"):
    ...     notes.add("turned upright", name)
    >>> notes.lines()
    ['2 files are turned upright: a.jpg, b.jpg']
    """

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, list[str]]] = {}

    def add(self, what: str, name: str) -> None:
        """Adds a file.

        Args:
            what: String, which follows "files are".
            name: String, the file.
        """
        count, names = self._found.get(what, (0, []))
        self._found[what] = count + 1, [*names, name][:LISTED]

    def lines(self) -> list[str]:
        """A line for each thing that is said."""
        return [_line(what, *found) for what, found in self._found.items()]


def _line(what: str, count: int, names: Iterable[str]) -> str:
    files = "1 file is" if count == 1 else f"{count:,} files are"
    more = ", …" if count > LISTED else ""
    return f"{files} {what}: {', '.join(names)}{more}"
