"""`symclone-tf figures`."""

import shlex

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.trained_network import open_network, studies_of


@click.command()
@click.option(
    "--group",
    type=options.GROUP,
    help=f"{options.GROUP_HELP}  [default: that of a classifier given by --model]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["png", "svg", "pdf"]),
    default="svg",
    help="Format of the files.",
)
@options.OWN_IMAGES
@options.MODEL
@options.sources
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="figures",
    help="Folder of all figures; earlier figures are replaced.",
)
def figures(group, output, file_format, clones, data, model, data_dir, **choices):
    """Draw digits, operators, feature maps, and how clones learn.

    Missing clones are made first. Without MNIST, drawn strokes replace the digits;
    with --data your own images do. With --model, a trained network is drawn instead:
    what each of its layers makes of your image and of the transformed one, and where it
    breaks the symmetry.
    """
    if model is None and group is None:
        raise click.UsageError("Missing option '--group'.")
    sc = start()
    if model is not None:
        opened = open_network(sc, model, data, [group] * bool(group), data_dir=data_dir)
        for study in studies_of(sc, opened):
            made = sc.figures.make_network_figures(study, output, file_format)
            _show(made)
            for sentence in sc.figures.network_findings(study):
                click.echo(sentence)
        under = "" if group is None else f" --group {group}"
        click.echo(
            f"Next: symclone-tf report --model {shlex.quote(model)} "
            f"--data {shlex.quote(data)}{under}"
        )
        return
    workspace = sc.workspace.Workspace(clones, data_dir)
    study = sc.studies.study_group(group, workspace, data=data, **choices)
    _show(sc.figures.make_figures(study, output, file_format))
    kind = choices["student"]
    kind = "" if kind == "dense" else f" --student {kind}"
    kind += options.regions_given(choices["regions"])
    kind += "" if data is None else f" --data {shlex.quote(data)}"
    click.echo(f"Next: symclone-tf report --group {group}{kind}")


def _show(made) -> None:
    """A line for each figure, or for the reason why there is none."""
    for illustration, path in made:
        if path is None:
            click.echo(f"Left out {illustration.name}: it needs {illustration.caption}")
        else:
            click.echo(f"{path}  {illustration.caption}")
