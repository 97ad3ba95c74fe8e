"""The page of the command line, as the commands themselves say it."""

import inspect

import click

from symclone_tf.cli.main import main

NAME = "symclone-tf"


def commands_page() -> str:
    """All commands with all of their options, in the order in which they are added."""
    lines = [
        "# Commands",
        "",
        "Every command with all of its options, as `--help` has them; `-h` is short "
        f"for it, and `{NAME} --version` says which version it is.",
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
        *(f"\n`{name}`\n:   {prose(said)}" for name, said in records),
    ]


def prose(text) -> str:
    """What is said of an option, where brackets are no links."""
    return " ".join(text.split()).replace("[", "\\[")
