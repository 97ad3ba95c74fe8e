"""`symclone-tf figures`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start


@click.command()
@click.option("--group", type=options.GROUP, required=True, help=options.GROUP_HELP)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["png", "svg", "pdf"]),
    default="svg",
    help="Format of the files.",
)
@options.sources
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="figures",
    help="Folder of all figures; earlier figures are replaced.",
)
def figures(group, output, file_format, clones, data_dir, **choices):
    """Draw digits, operators, feature maps, and how clones learn.

    Missing clones are made first. Without MNIST, drawn strokes replace the digits.
    """
    sc = start()
    workspace = sc.workspace.Workspace(clones, data_dir)
    study = sc.studies.study_group(group, workspace, **choices)
    for illustration, path in sc.figures.make_figures(study, output, file_format):
        if path is None:
            click.echo(f"Left out {illustration.name}: it needs {illustration.caption}")
        else:
            click.echo(f"{path}  {illustration.caption}")
    kind = choices["student"]
    kind = "" if kind == "dense" else f" --student {kind}"
    kind += options.regions_given(choices["regions"])
    click.echo(f"Next: symclone-tf report --group {group}{kind}")
