"""`symclone-tf export-layer`."""

import click

from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import show

# Listed here, so that the help needs no Keras.
ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid")
_ARRAY = click.Path(exists=True, dir_okay=False)


@click.command("export-layer")
@click.argument("directory", type=click.Path())
@click.option(
    "--kernel",
    type=_ARRAY,
    metavar="FILE.npy",
    required=True,
    help="Of shape (k, k, channels, filters), for feature maps (k, k, |G|, channels, "
    "filters).",
)
@click.option("--bias", type=_ARRAY, metavar="FILE.npy", help="Of shape (filters,).")
@click.option(
    "--activation",
    type=click.Choice(ACTIVATIONS),
    default="linear",
    help="Activation after the bias.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="Name of the new artifact.  [default: like the clone's, "
    "as c4-lifting-8x8-k3-c1-f1]",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="exported",
    help="Folder of all artifacts.",
)
def export_layer(directory, kernel, bias, activation, name, output):
    """Fuse a kernel into a clone, and export the layer as a SavedModel.

    DIRECTORY is an exported clone. The layer consists of plain Keras layers, in
    the form that is cheapest to run: one convolution, a convolution for each
    region, blocks and the convolution that mixes them, or one Dense layer.
    """
    sc = start()
    layer = sc.ClonedConv2D.from_kernel(
        sc.artifacts.read_array(kernel),
        sc.load(directory),
        sc.artifacts.read_array(bias) if bias else None,
        activation=activation,
    )
    fused = sc.fuse(layer)
    path = sc.export_layer(fused, output, name)
    show(
        "Exported",
        [
            {
                "Artifact": str(path),
                "Form": fused.form,
                "Operations": f"{fused.cost.operations:,}",
                "Bytes": f"{fused.cost.bytes:,}",
            }
        ],
    )
    click.echo(f"Why: {fused.reason}.")
    click.echo(f"Next: symclone-tf serving-config {output}")
