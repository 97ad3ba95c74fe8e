"""`symclone-tf report`."""

import pathlib

import click
from rich.filesize import decimal

from symclone_tf.cli import options
from symclone_tf.cli.startup import start


@click.command()
@click.option(
    "--group",
    "groups",
    type=options.GROUP,
    multiple=True,
    help="Group to report; may be given several times.  [default: all with "
    "clones or a benchmark]",
)
@options.sources
@click.option(
    "--trained",
    type=click.Path(file_okay=False),
    default="trained",
    help="Folder of trained classifiers.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default="report.html",
    help="The page; an earlier page is replaced.",
)
def report(output, groups, clones, benchmark, trained, **choices):
    """Summarize what was found in one HTML page, with all figures and tables.

    The page opens with two sentences and the picture of symmetry breaking for each
    group; tables come last, folded, and are printed in full. What figures need is
    measured again. The page needs no other file and no network.
    """
    sc = start()
    path = pathlib.Path(output)
    sc.figures.check_page(path)
    data_dir = choices.pop("data_dir")
    workspace = sc.workspace.Workspace(clones, data_dir)
    studies = [
        sc.studies.study_group(group, workspace, benchmark, **choices)
        for group in groups or sc.studies.studied_groups(clones, benchmark)
    ]
    sc.figures.make_report(studies, path, clones, trained)
    click.echo(f"Wrote {path}, {decimal(path.stat().st_size)}")
    click.echo(f"Next: open {path} in a browser")
