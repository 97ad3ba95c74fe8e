"""`symclone-tf relax`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, show


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE.keras",
    help="[default: MODEL-relaxed.keras]",
)
@click.option(
    "--symmetry",
    type=click.Choice(["frozen", "trainable", "anchored"]),
    default="trainable",
    help="Of all clones: never changes, free to leave the convolution, or held.",
)
@click.option(
    "--student",
    type=click.Choice(options.STUDENTS),
    default="local",
    help="What imitates the convolutions.",
)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="NAME",
    help="Relax this one; may be given several times.  [default: all convolutions "
    "whose kernel is larger than 1×1]",
)
@click.option(
    "--image-size",
    type=options.SIZE,
    metavar="N",
    help="Of the images, or as 96x64, where the model takes images of any size.",
)
@options.ANCHOR
@options.ANCHOR_STRENGTH
@click.option(
    "--trainable-part",
    type=click.Choice(["all", "encoder", "blocks"]),
    default="all",
    help="What of clones that are not frozen moves; the encoder stays a convolution, "
    "the blocks leave it from place to place.",
)
def relax(model, output, symmetry, student, layers, image_size, **held):
    """Make a trained network of clones, that may leave the symmetry of convolutions.

    MODEL is a .keras file of a Sequential or functional model. The new network has
    the same inputs, outputs, names and answers.

    The table that it ends with says of each layer what it was, and what its clone
    imitates; its channels and filters; weights, and multiplications of one image,
    before and after; and the largest difference of both layers' answers to noise,
    relative to the largest answer.
    """
    sc = start()
    output = output or f"{model.removesuffix('.keras')}-relaxed.keras"
    sc.artifacts.check_keras_file(output)
    held = {name: value for name, value in held.items() if value is not None}
    if symmetry != "anchored" and set(held) - {"trainable_part"}:
        raise click.UsageError(
            "--anchor and --anchor-strength are for --symmetry anchored only."
        )
    if symmetry == "frozen" and held["trainable_part"] != "all":
        raise click.UsageError("--trainable-part is for clones that are not frozen.")
    relaxed, report = sc.relax(
        sc.artifacts.load_network(model),
        symmetry,
        student,
        list(layers) or None,
        image_size,
        **held,
    )
    path = sc.artifacts.save_network(relaxed, output)
    show("Relaxed", [_row(layer) for layer in report.layers])
    for name, why in report.left.items():
        click.echo(f"Left as it is: {name}, {why}.")
    click.echo(
        f"{path}: answers differ by {figure(report.difference)} of the largest, after "
        f"{report.seconds:.0f} s."
    )
    click.echo("Next: import keras, symclone_tf")
    click.echo(f'      model = keras.saving.load_model("{path}"), and model.fit(…)')


def _row(layer) -> dict:
    return {
        "Layer": layer.name,
        "Was": f"{layer.kind}, {layer.teacher}",
        "Channels": f"{layer.channels}→{layer.filters}",
        "Weights": f"{layer.weights_before:,} → {layer.weights:,}",
        "Operations": f"{layer.operations_before:,} → {layer.operations:,}",
        "Difference": figure(layer.difference),
    }
