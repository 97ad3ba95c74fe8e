"""The page of the command line, from the commands' own help.

Not by mkdocs-click 0.9: under Click 8.5 its tables print `Sentinel.UNSET` as defaults,
and its plain style has lines of 80 columns, which a narrow window cannot wrap.
"""

import inspect

import click

from symclone_tf.cli.main import main

NAME = "symclone-tf"


def commands_page() -> str:
    """All commands with all of their options, in the order in which they are added."""
    lines = [
        "# Commands",
        "",
        "Every command with all of its options, as `--help` prints them; `-h` is short "
        f"for it, and `{NAME} --version` prints the version.",
    ]
    for command in main.commands.values():
        lines += ["", *section(command)]
    return "\n".join([*lines, ""])


def section(command) -> list[str]:
    """The lines of one command.

    Args:
        command: `click.Command`.
    """
    parent = click.Context(main, info_name=NAME, **main.context_settings)
    context = click.Context(command, info_name=command.name, parent=parent)
    records = [
        record
        for parameter in command.get_params(context)
        if parameter.param_type_name == "option"
        and parameter.name != "help"
        and (record := parameter.get_help_record(context))
    ]
    usage = f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    return [
        f"## {command.name}",
        "",
        *inspect.cleandoc(command.help).splitlines(),
        "",
        f"```text\n{usage}\n```",
        *(f"\n`{name}`\n:   {prose(text)}" for name, text in records),
    ]


def prose(text) -> str:
    """The help of an option, with brackets that are not links."""
    return " ".join(text.split()).replace("[", "\\[")
