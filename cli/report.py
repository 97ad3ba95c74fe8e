"""`symclone-tf report`."""

import pathlib

import click
from rich.filesize import decimal

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.trained_network import open_network, studies_of


@click.command()
@click.option(
    "--group",
    "groups",
    type=options.GROUP,
    multiple=True,
    help="Group to report; may be given several times.  [default: all with "
    "clones or a benchmark]",
)
@options.OWN_IMAGES
@options.MODEL
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
def report(
    output, groups, clones, benchmark, trained, data, model, data_dir, **choices
):
    """Summarize what was found in one HTML page, with all figures and tables.

    The page opens with two sentences and the picture of symmetry breaking for each
    group; tables come last, folded, and are printed in full. What figures need is
    measured again. The page needs no other file and no network.

    With --model and --data, the page is of one trained network on your images: what its
    layers make of an image and of the transformed one, and where they break the
    symmetry. Nothing is cloned then.
    """
    sc = start()
    path = pathlib.Path(output)
    sc.figures.check_page(path)
    if model is not None:
        opened = open_network(sc, model, data, groups, data_dir=data_dir)
        sc.figures.write_network_page(studies_of(sc, opened), path)
    else:
        workspace = sc.workspace.Workspace(clones, data_dir)
        studies = [
            sc.studies.study_group(group, workspace, benchmark, data=data, **choices)
            for group in groups or sc.studies.studied_groups(clones, benchmark)
        ]
        sc.figures.make_report(studies, path, clones, trained)
    click.echo(f"Wrote {path}, {decimal(path.stat().st_size)}")
    click.echo(f"Next: open {path} in a browser")
