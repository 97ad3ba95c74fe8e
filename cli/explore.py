"""`symclone-tf explore`."""

import webbrowser

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start


@click.command()
@click.option("--group", type=options.GROUP, default="c4", help=options.GROUP_HELP)
@click.option(
    "--image-size",
    type=click.IntRange(16, 64),
    metavar="N",
    default=28,
    help="Pixels of the image's height and width, 16 to 64.",
)
@options.DATA_DIR
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default="explore.html",
    help="The page; that of an earlier run is replaced.",
)
@click.option(
    "--open/--no-open",
    "shows",
    default=False,
    help="Whether to open the page in the browser.",
)
def explore(output, shows, **choices):
    """Make a page to draw on, where clones answer at once.

    Draw or turn a digit: a convolution, its clone, a clone of fewer blocks, and one
    that was trained to leave the symmetry answer, each with its equivariance error.
    The page computes in the browser alone, and needs no other file and no network.
    Without MNIST, strokes are the images to begin with.
    """
    sc = start()
    path = sc.figures.write_explore_page(output, **choices, verbose=1)
    click.echo(f"Wrote {path}, {path.stat().st_size / 1e6:.1f} MB")
    if shows and webbrowser.open(path.resolve().as_uri()):
        return
    click.echo(f"Next: open {path} in a browser")
