"""`symclone-tf report`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start


@click.command()
@click.option(
    "--group",
    "groups",
    type=options.GROUP,
    multiple=True,
    help="May be given several times.  [default: those of which there is something]",
)
@options.sources
@click.option(
    "--trained",
    type=click.Path(file_okay=False),
    default="trained",
    help="Folder of trained classifiers.",
)
@click.option(
    "--relax-times",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE.csv",
    help="A table that python -m benchmarks.relax_time has written, to draw when "
    "relaxing paid, and where.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default="report.html",
    help="The page; that of an earlier run is replaced.",
)
def report(output, groups, clones, data_dir, **choices):
    """Say what was found, and draw all figures, on one HTML page with the tables.

    It opens with two sentences and the keep-or-break picture for each group; tables
    come last, folded, and are printed whole. What figures need is measured again. The
    page needs no other file and no network.
    """
    sc = start()
    workspace = sc.workspace.Workspace(clones, data_dir)
    path = sc.figures.make_report(output, list(groups) or None, workspace, **choices)
    click.echo(f"Wrote {path}, {path.stat().st_size / 1e6:.1f} MB")
    click.echo(f"Next: open {path} in a browser")
