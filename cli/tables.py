"""Tables on stdout."""

import sys

import click
from rich import box
from rich.console import Console
from rich.table import Table


def show(title: str, rows: list[dict[str, str]]) -> None:
    """Prints rows with the same keys, which become the header."""
    lines = box.HEAVY_HEAD if _can_draw_lines() else box.ASCII
    table = Table(title=title, title_justify="left", title_style="bold", box=lines)
    for name in rows[0]:
        number = name not in ("Layer", "Artifact", "What", "Value")
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    console = Console()
    # A pipe has no width: no column should break there.
    if not console.is_terminal:
        console = Console(width=160)
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _can_draw_lines() -> bool:
    """Whether stdout's encoding has the characters that tables are drawn with."""
    try:
        "┏━┃×".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def errors(clone: float | None, teacher: float | None) -> dict[str, str]:
    """The columns of a clone's equivariance error and, if any, of its teacher's own."""
    columns = {"Equivariance error": "–" if clone is None else figure(clone)}
    if teacher is not None:
        columns["Teacher's own"] = figure(teacher)
    return columns


def interpolation(own: dict[str, float]) -> str:
    """What interpolation adds to the errors of a network, in one line."""
    if not own:
        return "Interpolation between pixels, which is not exact, adds to these errors."
    return (
        f"Interpolation alone adds up to {figure(max(own.values()))} to a "
        "convolution's error: its teacher's own, with the same kernel."
    )


def figure(value: float) -> str:
    """An error or a fidelity, to two digits."""
    return f"{value:.1e}"
