"""`symclone-tf probe`."""

import pathlib

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import show


class Groups(click.ParamType):
    """Names of groups, separated by commas."""

    name = "groups"

    def convert(self, value, param, ctx):
        """Turns "t2,c4" into ("t2", "c4")."""
        if isinstance(value, tuple):
            return value
        return tuple(
            options.GROUP.convert(part, param, ctx) for part in value.split(",")
        )


@click.command()
@options.DATA
@click.option(
    "--groups",
    type=Groups(),
    metavar="LIST",
    default="t2,flip,c2,c4,d4,c8",
    help=f"Symmetries, separated by commas. {options.GROUP_HELP}",
)
@click.option(
    "--seeds",
    type=click.IntRange(2, 100),
    metavar="N",
    default=3,
    help="How often each network is trained. The third and later seeds are skipped if "
    "time runs short.",
)
@click.option(
    "--minutes",
    type=options.POSITIVE,
    metavar="X",
    default=30.0,
    help="Time for the whole probe. It determines the number of training images.",
)
@click.option(
    "--student",
    type=click.Choice(["local", "regional"]),
    default="local",
    help="Kind of student that imitates the convolutions. Regional ones are faster on "
    "large images; with them, T(2) without has a kernel of its own in each region.",
)
@options.REGIONS
@options.IMAGE_SIZE
@options.STRICT
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="probe",
    help="Folder for probe.json and probe.html; an existing probe is continued.",
)
@options.DATA_DIR
@options.CLONES
def probe(data, output, clones, data_dir, strict, **choices):
    """Which symmetries do images have, and where do they break?

    For each symmetry, small networks that lack it, assume it, or may break it are
    trained on the same images, with several seeds. The verdict for each symmetry is to
    preserve it, break it, or that it cannot tell. The probe then recommends a first
    network with the lines of Keras that build it.

    Networks that assume a symmetry need fewer images where it holds; where it does not,
    they cannot tell transformed images apart. An interrupted probe continues when it is
    started again.

    The table has accuracies on test images, mean ± standard deviation over seeds; under
    Assuming it, the percentage points gained by assuming the symmetry over lacking it,
    with a 95% interval; and the same with a quarter of the images.
    """
    sc = start()
    page = pathlib.Path(output, "probe.html")
    sc.figures.check_page(page)
    workspace = sc.workspace.Workspace(clones, data_dir, strict=strict)
    found = sc.probe.probe(data, output=output, workspace=workspace, **choices)
    sc.figures.write_probe_page(found, page)
    show(f"Symmetries of {data}", sc.figures.probe_table(found))
    sizes, plan = found.images.counts, found.plan
    click.echo(
        f"Each network was trained on {plan.train_size} of {sizes['train']} images, in "
        f"{plan.epochs} epochs or fewer, and tested on {plan.test_size}."
    )
    for verdict in found.verdicts:
        click.echo(verdict.sentence)
    if any(verdict.verdict == "cannot tell" for verdict in found.verdicts):
        click.echo("With more --seeds and --minutes it continues from here.")
    click.echo(f"To begin with: {found.recommendation.sentence}")
    click.echo(f"\n{found.recommendation.code}")
    click.echo(f"Written: {pathlib.Path(output, 'probe.json')} and {page}")
    click.echo(f"Next: open {page} in a browser")
