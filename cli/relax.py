"""`symclone-tf relax`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, show
from symclone_tf.cli.trained_network import network_and_output


@click.command()
@click.argument("model", type=click.Path(exists=True))
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
    help="Whether clones are frozen, free to deviate from the convolution, or "
    "regularised towards it. Of a frozen clone the student does not train; the layer's "
    "kernel and bias do.",
)
@click.option(
    "--student",
    type=click.Choice(options.STUDENTS),
    help="Kind of student that imitates the convolutions.  [default: regional for at "
    "least 256 outputs, and for networks that take images of any size; else local]",
)
@options.REGIONS
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="NAME",
    help="Layer to relax; may be given several times.  [default: all convolutions "
    "with kernels larger than 1×1]",
)
@options.NETWORK_SIZE
@options.ANCHOR
@options.ANCHOR_STRENGTH
@click.option(
    "--trainable-part",
    type=click.Choice(["all", "encoder", "blocks"]),
    default="all",
    help="What is trainable of clones that are not frozen. With a trainable encoder "
    "they stay convolutions; with trainable blocks they deviate from position to "
    "position.",
)
def relax(
    model, output, symmetry, student, regions, layers, image_size, **regularisation
):
    """Replace the convolutions of a trained network by clones that can break symmetry.

    MODEL is a .keras file or a legacy .h5 file of a network, or the folder of a
    classifier that train has exported. The new network computes the same outputs, is of
    the same class, and has the same names of layers. If the loss, metrics or optimizer
    that it was compiled with cannot be read, it is not compiled.

    The table at the end has for each layer what it was and what its clone imitates; its
    channels and filters; weights, and multiplications for one image, before and after;
    and the largest difference between both layers' outputs for noise, relative to the
    largest output.
    """
    sc = start()
    file, output = network_and_output(sc, model, output, "relaxed")
    chosen = {k: value for k, value in regularisation.items() if value is not None}
    if symmetry != "anchored" and set(chosen) - {"trainable_part"}:
        raise click.UsageError(
            "--anchor and --anchor-strength are only for --symmetry anchored."
        )
    if symmetry == "frozen" and chosen["trainable_part"] != "all":
        raise click.UsageError("--trainable-part is for clones that are not frozen.")
    relaxed, report = sc.relax(
        sc.artifacts.load_network(file),
        symmetry,
        student,
        list(layers) or None,
        image_size,
        regions=regions,
        **chosen,
    )
    path = sc.artifacts.save_network(relaxed, output)
    show("Relaxed", [_row(layer) for layer in report.layers])
    for name, why in report.left.items():
        click.echo(f"Left unchanged: {name}: {why}.")
    for note in report.notes:
        click.echo(note)
    click.echo(
        f"{path}: outputs differ by {figure(report.difference)} of the largest, after "
        f"{report.seconds:.0f} s."
    )
    click.echo("Next: import keras, symclone_tf")
    fit = "model.fit(…)" if relaxed.compiled else "model.compile(…), model.fit(…)"
    click.echo(f'      model = keras.saving.load_model("{path}"), and {fit}')


def _row(layer) -> dict:
    return {
        "Layer": layer.name,
        "Was": f"{layer.kind}, {layer.teacher}",
        "Clone": layer.student,
        "Channels": f"{layer.channels}→{layer.filters}",
        "Weights": f"{layer.weights_before:,} → {layer.weights:,}",
        "Operations": f"{layer.operations_before:,} → {layer.operations:,}",
        "Difference": figure(layer.difference),
    }
