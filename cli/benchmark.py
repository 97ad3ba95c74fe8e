"""`symclone-tf benchmark`."""

import pathlib

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import show


@click.command()
@click.option("--group", type=options.GROUP, required=True, help=options.GROUP_HELP)
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    metavar="N",
    default=3,
    help="Seeds for mlp, cnn, gcnn, frozen and trainable clones. Anchored clones and "
    "those with a block or two less than exact ones are trained once. With t2, gcnn is "
    "the same as cnn and is omitted.",
)
@options.STUDENT
@options.REGIONS
@options.SYMMETRY
@options.TRAINABLE_PARTS
@options.ANCHOR
@options.ANCHOR_STRENGTH
@options.protocol
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="benchmark",
    help="Folder of the tables.",
)
def benchmark(
    group,
    output,
    symmetry,
    trainable_part,
    anchor,
    anchor_strength,
    clones,
    data_dir,
    strict,
    **choices,
):
    """Train every network on both tasks, and compare them.

    Images are MNIST's digits, or your own with --data. With --symmetry, only clones of
    that kind are trained. Missing clones are made first. An interrupted benchmark
    continues when it is started again.
    """
    sc = start()
    chosen = {
        "symmetry": symmetry,
        "trainable_part": trainable_part,
        "anchor": anchor,
        "anchor_strength": anchor_strength,
    }
    only = {name: value for name, value in chosen.items() if value is not None}
    if only and symmetry is None:
        raise click.UsageError(
            "--trainable-part, --anchor and --anchor-strength need --symmetry."
        )
    workspace = sc.workspace.Workspace(clones, data_dir, strict=strict)
    options = {"output": output, "workspace": workspace, "only": only}
    rows = list(sc.experiments.benchmark(group, **options, **choices))
    show(f"Benchmark of {group}", sc.experiments.summarize(rows))
    table = pathlib.Path(output, rows[0].experiment.table)
    click.echo(
        f"Written: {table}.csv, one line for each run, and {table}.md, this table"
    )
