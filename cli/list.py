"""`symclone-tf list`."""

import pathlib

import click
from rich.filesize import decimal

from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, show

EXPORTED = "exported"
TEACHERS = "teacher_equivariance_error"


@click.command("list")
@click.argument("directory", type=click.Path(), default=EXPORTED)
def list_command(directory):
    """Show the exported clones in a folder, with their measured errors.

    DIRECTORY is exported by default. Errors are those that clone measured of the newest
    version, and the teacher's own, where its transformations interpolate.
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
    shown = [("NMSE", "nmse"), ("Equivariance error", "equivariance_error")]
    if any(artifact.record.get(TEACHERS) is not None for artifact in artifacts):
        shown.append(("Teacher's own", TEACHERS))
    show(
        f"Clones in {directory}",
        [
            {
                "Artifact": artifact.name,
                "Version": str(artifact.version),
                "Blocks": str(artifact.blocks),
                **{title: _recorded(artifact, name) for title, name in shown},
                "Weights": decimal(4 * artifact.record["parameters"]),
            }
            for artifact in artifacts
        ],
    )


def _recorded(artifact, name):
    value = artifact.record.get(name)
    return "–" if value is None else figure(value)
