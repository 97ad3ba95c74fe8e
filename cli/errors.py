"""Errors as a person wants to read them: one line, no traceback."""

import os
import re
import sys

import click

from symclone_tf.errors import CloningError

INTERRUPTED = 130
CLOSED = 141


class OneLineErrors(click.Group):
    """A group whose commands fail in one line on stderr.

    Exit code 2 for input that is not accepted, 1 for work that failed, 130 for
    an interruption, 141 for results that no one reads to the end.
    """

    def main(self, *args, standalone_mode=True, **kwargs):
        _speak_any_encoding()
        try:
            code = super().main(*args, standalone_mode=False, **kwargs)
        except click.ClickException as error:
            code = error.exit_code
            _say(error.format_message())
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
            _say(
                "Interrupted. What was listed as written is whole; the rest is not."
                + (" A long training goes on with --resume." * _resumes(ctx, self))
            )
            ctx.exit(INTERRUPTED)
        except (ValueError, MemoryError) as error:
            raise click.UsageError(self._in_options(ctx, str(error))) from error
        except CloningError as error:
            raise click.ClickException(self._in_options(ctx, str(error))) from error
        except BrokenPipeError:
            # Whoever read the results has seen enough of them.
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            ctx.exit(CLOSED)
        except OSError as error:
            raise click.ClickException(self._in_options(ctx, str(error))) from error
        except Exception as error:
            # TensorFlow's errors tell of the machine, as when memory is full.
            if not type(error).__module__.startswith("tensorflow."):
                raise
            reason = str(error).strip().partition("\n")[0]
            raise click.ClickException(f"TensorFlow failed: {reason}") from error

    def _in_options(self, ctx, message: str) -> str:
        """The package's message, with the options' names for the arguments'."""
        command = self.commands.get(ctx.invoked_subcommand)
        for parameter in command.params if command else ():
            if parameter.param_type_name == "option":
                name, option = parameter.name, parameter.opts[0]
                message = re.sub(rf"`{name}`", option, message)
                message = re.sub(rf"\b{name}=", f"{option} ", message)
        return message


def _resumes(ctx, group) -> bool:
    command = group.commands[ctx.invoked_subcommand]
    return any("--resume" in parameter.opts for parameter in command.params)


def _speak_any_encoding() -> None:
    """Lets terminals that cannot show × show something else instead."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _say(message: str) -> None:
    click.echo(f"Error: {' '.join(message.split())}", err=True)
