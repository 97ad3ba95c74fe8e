"""The entry point of the command line, with one module for each command."""

import click

from symclone_tf import __version__
from symclone_tf.cli.benchmark import benchmark
from symclone_tf.cli.clone import clone
from symclone_tf.cli.errors import OneLineErrors
from symclone_tf.cli.evaluate import evaluate
from symclone_tf.cli.explore import explore
from symclone_tf.cli.export_layer import export_layer
from symclone_tf.cli.figures import figures
from symclone_tf.cli.list import list_command
from symclone_tf.cli.probe import probe
from symclone_tf.cli.relax import relax
from symclone_tf.cli.report import report
from symclone_tf.cli.serving_config import serving_config
from symclone_tf.cli.symmetrize import symmetrize
from symclone_tf.cli.train import train


@click.group(
    cls=OneLineErrors,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "max_content_width": 100,
    },
)
@click.version_option(__version__, "-V", "--version", prog_name="symclone-tf")
def main():
    """Teach Dense layers a symmetry, which a network can then preserve or break."""


COMMANDS = (
    clone,
    evaluate,
    list_command,
    train,
    benchmark,
    probe,
    relax,
    symmetrize,
    figures,
    report,
    explore,
    export_layer,
    serving_config,
)
for command in COMMANDS:
    main.add_command(command)
