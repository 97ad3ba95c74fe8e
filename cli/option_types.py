"""What options of the command line accept, and how it is read."""

import click
from click.shell_completion import CompletionItem

from symclone_tf.symmetry import GROUPS, get_group
from symclone_tf.symmetry.named_groups import ACCEPTED

COUNT = click.IntRange(1, 10**6)


class Group(click.ParamType):
    """A name that `get_group` accepts."""

    name = "group"

    def get_metavar(self, param, ctx=None):
        """What the help shows: there are too many names to list."""
        return "[t2|flip|cN|dN]"

    def convert(self, value, param, ctx):
        """Refuses other names."""
        try:
            return get_group(value).name
        except ValueError:
            self.fail(f"{value!r} is not {ACCEPTED}.", param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        """The names that are used most."""
        return [CompletionItem(name) for name in GROUPS if name.startswith(incomplete)]


class Strength(click.ParamType):
    """A positive number, or the word for one that is found."""

    name = "number"

    def convert(self, value, param, ctx):
        """Turns "0.2" into 0.2, and leaves "auto"."""
        if value == "auto":
            return value
        try:
            float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a positive number nor auto.", param, ctx)
        return click.FloatRange(min=0, min_open=True).convert(value, param, ctx)


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


class Size(click.ParamType):
    """One positive integer for height and width, or one for each."""

    def __init__(self, name="size", examples="28 nor 28x20"):
        self.name = name
        self.examples = examples

    def convert(self, value, param, ctx):
        """Turns "28" into 28, and "28x20" into (28, 20)."""
        if not isinstance(value, str):
            return value
        try:
            sizes = tuple(int(part) for part in value.split("x"))
        except ValueError:
            sizes = ()
        if len(sizes) not in (1, 2):
            kind = f"neither {self.name} like {self.examples}"
            self.fail(f"{value!r} is {kind}.", param, ctx)
        for size in sizes:
            COUNT.convert(size, param, ctx)
        return sizes if len(sizes) == 2 else sizes[0]


class PerLayer(click.ParamType):
    """One choice for all convolutions of the network, or one for each."""

    def __init__(self, choices):
        self.choices = choices
        self.name = "|".join(choices)

    def get_metavar(self, param, ctx=None):
        """What the help shows."""
        return f"[{self.name}][,…]"

    def convert(self, value, param, ctx):
        """Refuses what is no choice; how many to give depends on the images."""
        if set(value.split(",")) - set(self.choices):
            self.fail(
                f"{value!r} is not one of {', '.join(self.choices)}, nor several of "
                "them separated by commas.",
                param,
                ctx,
            )
        return value
