"""`symclone-tf explore`."""

import pathlib
import webbrowser

import click
from rich.filesize import decimal

from symclone_tf.cli import options
from symclone_tf.cli.startup import start


@click.command()
@click.option("--group", type=options.GROUP, default="c4", help=options.GROUP_HELP)
@click.option(
    "--image-size",
    type=click.IntRange(16, 64),
    metavar="N",
    default=28,
    help="Height and width of the image in pixels, 16 to 64.",
)
@click.option(
    "--student",
    type=click.Choice(["local", "regional"]),
    default="local",
    help="Kind of the clones: with weights of their own at each position, or in each "
    "region.",
)
@options.REGIONS
@options.DATA_DIR
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default="explore.html",
    help="The page; an earlier page is replaced.",
)
@click.option(
    "--open/--no-open",
    "shows",
    default=False,
    help="Whether to open the page in the browser.",
)
def explore(output, shows, data_dir, **choices):
    """Make a page to draw on, that shows the outputs of clones at once.

    Draw or rotate a digit: the page shows the outputs of a convolution, its clone, a
    clone of fewer blocks, and a clone that was trained to break the symmetry, each with
    its equivariance error. The page computes in the browser alone, and needs no other
    file and no network. Without MNIST, it starts with drawn strokes.
    """
    sc = start()
    path = pathlib.Path(output)
    sc.figures.check_page(path)
    exploration = sc.studies.explore(
        **choices, workspace=sc.workspace.Workspace(data_dir=data_dir)
    )
    sc.figures.write_explore_page(exploration, path)
    click.echo(f"Wrote {path}, {decimal(path.stat().st_size)}")
    if shows and webbrowser.open(path.resolve().as_uri()):
        return
    click.echo(f"Next: open {path} in a browser")
