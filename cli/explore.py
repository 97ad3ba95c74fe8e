"""`symclone-tf explore`."""

import pathlib
import webbrowser

import click
from rich.filesize import decimal

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.trained_network import open_network


@click.command()
@click.option(
    "--group",
    type=options.GROUP,
    help=f"{options.GROUP_HELP}  [default: c4, or that of a classifier given by "
    "--model]",
)
@click.option(
    "--image-size",
    type=click.IntRange(16, 64),
    metavar="N",
    help="Height and width of the image in pixels, 16 to 64; not for --model.  "
    "[default: 28]",
)
@options.OWN_IMAGES
@options.MODEL
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
def explore(output, shows, group, image_size, data, model, data_dir, **choices):
    """Make a page to draw on, that shows the outputs of clones at once.

    Draw or rotate a digit: the page shows the outputs of a convolution, its clone, a
    clone of fewer blocks, and a clone that was trained to break the symmetry, each with
    its equivariance error. The page computes in the browser alone, and needs no other
    file and no network. Without MNIST, it starts with drawn strokes; with --data, with
    images of your own.

    With --model and --data, the page shows what each layer of a trained network makes
    of a few of your images and of the transformed ones: choose the image and the
    transformation.
    """
    sc = start()
    path = pathlib.Path(output)
    sc.figures.check_page(path)
    if model is not None:
        _write_network_page(sc, path, model, data, group, data_dir)
    else:
        exploration = sc.studies.explore(
            group or "c4",
            image_size or 28,
            sc.workspace.Workspace(data_dir=data_dir),
            data=data,
            **choices,
        )
        sc.figures.write_explore_page(exploration, path)
    click.echo(f"Wrote {path}, {decimal(path.stat().st_size)}")
    if shows and webbrowser.open(path.resolve().as_uri()):
        return
    click.echo(f"Next: open {path} in a browser")


def _write_network_page(sc, path, model, data, group, data_dir) -> None:
    opened = open_network(sc, model, data, [group] * bool(group), data_dir=data_dir)
    (group,) = opened.groups
    sc.figures.write_network_explore_page(
        opened.model, opened.images, group, path, opened.name
    )
