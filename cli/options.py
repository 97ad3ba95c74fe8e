"""Kinds of options that several commands share."""

import click

from symclone_tf.groups import GROUPS

GROUP = click.Choice(list(GROUPS))
COUNT = click.IntRange(min=1)
SEED = click.IntRange(min=0, max=2**31 - 1)
POSITIVE = click.FloatRange(min=0, min_open=True)


class Counts(click.ParamType):
    """Positive integers, separated by commas."""

    name = "integers"

    def convert(self, value, param, ctx):
        """Turns "64,64" into (64, 64)."""
        if isinstance(value, tuple):
            return value
        try:
            counts = tuple(int(part) for part in value.split(","))
        except ValueError:
            counts = ()
        if not counts or min(counts) < 1:
            self.fail(f"{value!r} is not a list like 64 or 64,64.", param, ctx)
        return counts
