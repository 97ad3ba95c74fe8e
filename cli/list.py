"""`symclone-tf list`."""

import pathlib

import click
from rich.filesize import decimal

from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, show

EXPORTED = "exported"


@click.command("list")
@click.argument("directory", type=click.Path(), default=EXPORTED)
def list_command(directory):
    """Show the exported clones in a folder, with their measured errors.

    DIRECTORY is exported by default. Errors are those that clone measured of the newest
    version.
    """
    sc = start()
    # Having cloned nothing yet is no mistake.
    none_yet = directory == EXPORTED and not pathlib.Path(directory).exists()
    artifacts = [] if none_yet else sc.artifacts.list_artifacts(directory)
    if not artifacts:
        click.echo(
            f"No clones in {directory}. symclone-tf clone --group c4 makes some."
        )
        return
    show(
        f"Clones in {directory}",
        [
            {
                "Artifact": artifact.name,
                "Version": str(artifact.version),
                "Blocks": str(artifact.blocks),
                "NMSE": _recorded(artifact, "nmse"),
                "Equivariance error": _recorded(artifact, "equivariance_error"),
                "Weights": decimal(4 * artifact.record["parameters"]),
            }
            for artifact in artifacts
        ],
    )


def _recorded(artifact, name):
    return figure(artifact.record[name]) if name in artifact.record else "–"
