"""Errors in one line, without a traceback."""

import os
import re
import sys

import click

from symclone_tf.earlier import OPTIONS
from symclone_tf.errors import CloningError

INTERRUPTED = 130
PIPE_CLOSED = 141


class OneLineErrors(click.Group):
    """A group whose commands fail in one line on stderr.

    Exit code 2 for input that is not accepted, 1 for work that failed, 130 for
    an interruption, 141 for output whose reader has gone.
    """

    def main(self, *args, standalone_mode=True, **kwargs):
        _replace_unknown_characters()
        try:
            code = super().main(*args, standalone_mode=False, **kwargs)
        except click.NoSuchOption as error:
            code = error.exit_code
            _print_error(_renamed(error.option_name) or error.format_message())
        except click.ClickException as error:
            code = error.exit_code
            _print_error(error.format_message())
        except click.Abort:
            code = INTERRUPTED
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx):
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            _print_error(
                "Interrupted. Only what is listed as written is complete."
                + (" A long training continues with --resume." * _can_resume(ctx, self))
            )
            ctx.exit(INTERRUPTED)
        except (ValueError, MemoryError) as error:
            raise click.UsageError(self._with_option_names(ctx, str(error))) from error
        except CloningError as error:
            raise click.ClickException(
                self._with_option_names(ctx, str(error))
            ) from error
        except BrokenPipeError:
            # The reader of a pipe has gone, as `head` does.
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)
        except OSError as error:
            raise click.ClickException(
                self._with_option_names(ctx, str(error))
            ) from error
        except Exception as error:
            # TensorFlow's errors are about the machine, as when memory is full.
            if not type(error).__module__.startswith("tensorflow."):
                raise
            reason = str(error).strip().partition("\n")[0]
            raise click.ClickException(f"TensorFlow failed: {reason}") from error

    def _with_option_names(self, ctx, message: str) -> str:
        """The package's message, with names of options instead of arguments."""
        command = self.commands.get(ctx.invoked_subcommand)
        for parameter in command.params if command else ():
            if parameter.param_type_name == "option":
                name, option = parameter.name, parameter.opts[0]
                message = re.sub(rf"`{name}`", option, message)
                message = re.sub(rf"\b{name}=", f"{option} ", message)
        return message


def _renamed(option: str) -> str | None:
    """What an option of version 0.2 is called now; `None` of all others."""
    now = OPTIONS.get(option.lstrip("-").replace("-", "_"))
    return now and f"{option} is called --{now.replace('_', '-')} since version 0.3."


def _can_resume(ctx, group) -> bool:
    command = group.commands[ctx.invoked_subcommand]
    return any("--resume" in parameter.opts for parameter in command.params)


def _replace_unknown_characters() -> None:
    """Lets terminals that cannot show × show another character instead."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _print_error(message: str) -> None:
    click.echo(f"Error: {' '.join(message.split())}", err=True)
