"""`symclone-tf symmetrize`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.network_images import images_for
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, show
from symclone_tf.cli.trained_network import network_and_output

SYMMETRIES = ("frozen", "trainable", "anchored")
# On which deviations from invariance are measured.
IMAGES = 32


class Layer(click.ParamType):
    """The name of a layer, or the name and its symmetry."""

    name = "layer"

    def get_metavar(self, param, ctx=None):
        """What the help shows."""
        return "NAME[=SYMMETRY]"

    def convert(self, value, param, ctx):
        """Turns "conv=anchored" into a pair, of which the second may be missing."""
        if isinstance(value, tuple):
            return value
        name, _, symmetry = value.partition("=")
        if symmetry and symmetry not in SYMMETRIES:
            self.fail(
                f"{symmetry!r} is not one of {', '.join(SYMMETRIES)}.", param, ctx
            )
        return name, symmetry or None


@click.command()
@click.argument("model", type=click.Path(exists=True))
@click.option(
    "--group",
    type=options.GROUP,
    required=True,
    help="Under which the network becomes invariant; not t2.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE.keras",
    help="[default: MODEL-GROUP.keras]",
)
@click.option(
    "--average",
    type=click.Choice(["logits", "probabilities", "most-confident"]),
    default="logits",
    help="Of what the outputs are the mean: of logits, before a softmax or sigmoid at "
    "the end; of probabilities; or those of the element with the surest class.",
)
@click.option(
    "--symmetry",
    type=click.Choice(SYMMETRIES),
    help="Of the layers by which copies learn of each other, where --layer gives none: "
    "frozen, so that they remain equivariant; free to break the symmetry in training; "
    "or regularised towards it. Of a frozen layer the student does not train; its "
    "kernel and bias do.  [default: frozen]",
)
@click.option(
    "--layer",
    "layers",
    type=Layer(),
    multiple=True,
    help="Convolution by which copies learn of each other, with its own symmetry if it "
    "is another; may be given several times.  [default: none, or the last if "
    "--symmetry is trainable or anchored]",
)
@click.option(
    "--regions",
    type=options.NUMBERS,
    metavar="N[xN]",
    default=1,
    help="Regions of rows and columns in which layers that are not frozen have weights "
    "of their own.",
)
@click.option(
    "--data-format",
    type=click.Choice(["channels_last", "channels_first"]),
    help="Where images have their channels.  [default: as the first layers tell]",
)
@options.NETWORK_SIZE
@options.ANCHOR
@options.ANCHOR_STRENGTH
@click.option(
    "--data",
    metavar="NAME|FOLDER|FILE",
    help="Test images on which invariance is measured before and after, as of train.  "
    "[default: noise]",
)
@options.KEEP_TOGETHER
@click.option("--images", type=options.COUNT, default=IMAGES, help="How many of them.")
@options.DATA_DIR
def symmetrize(
    model,
    group,
    output,
    average,
    symmetry,
    layers,
    regions,
    data_format,
    image_size,
    data,
    keep_together,
    images,
    data_dir,
    **regularisation,
):
    """Make a trained network invariant under a group, without training it anew.

    MODEL is a .keras file or a legacy .h5 file of a network that takes images, or the
    folder of a classifier that train has exported. The new network's outputs are a mean
    of the given network's, each on images that an element of the group has transformed;
    maps, as of segmentation, are transformed back. It has the same weights, at as many
    times the cost as the group has elements, and can be trained further.

    The table at the end has for each convolution and dense layer its weights and
    operations for one image, before and after. Below it is how much the outputs change
    when images are transformed, relative to the outputs.
    """
    sc = start()
    file, output = network_and_output(sc, model, output, group)
    kinds = _symmetries(layers, symmetry)
    chosen = {k: value for k, value in regularisation.items() if value is not None}
    if chosen and "anchored" not in (kinds.values() if kinds else [symmetry]):
        raise click.UsageError(
            "--anchor and --anchor-strength are only for layers that are anchored."
        )
    network = sc.artifacts.load_network(file)
    shown = None
    if data is not None or keep_together is not None:
        which = images, 0, data, image_size, data_dir, keep_together
        shown = images_for(sc, network, *which)
    made, report = sc.symmetrize(
        network,
        group,
        None if kinds else symmetry,
        kinds,
        average,
        image_size,
        shown,
        regions,
        data_format,
        **chosen,
    )
    path = sc.artifacts.save_network(made, output)
    show("Made symmetric", [_row(layer) for layer in report.layers])
    for note in report.notes:
        click.echo(note)
    title = sc.get_group(group).title
    click.echo(
        f"{path}: under {title}, outputs change by {figure(report.deviation)}, where "
        f"the given network's change by {figure(report.deviation_before)}, on "
        f"{report.on}; made in {report.seconds:.0f} s."
    )
    click.echo("Next: import keras, symclone_tf")
    fit = "model.fit(…)" if made.compiled else "model.compile(…), model.fit(…)"
    click.echo(f'      model = keras.saving.load_model("{path}"), and {fit}')


def _symmetries(layers, symmetry) -> dict[str, str] | None:
    """The symmetry of each layer that is named; `None` if none is."""
    each = dict(layers)
    own = " ".join(f"--layer {name}={kind}" for name, kind in each.items())
    if own and all(each.values()) and symmetry is not None:
        raise click.UsageError(
            f"--symmetry {symmetry} is for layers without their own, and there are "
            f"none: {own}."
        )
    if not own and symmetry == "frozen":
        raise click.UsageError(
            "--symmetry frozen is for layers that --layer names, and it names none."
        )
    return {name: own or symmetry or "frozen" for name, own in each.items()} or None


def _row(layer) -> dict:
    return {
        "Layer": layer.name,
        "Was": layer.kind,
        "Copies": layer.symmetry or "each alone",
        "Weights": f"{layer.weights_before:,} → {layer.weights:,}",
        "Operations": f"{layer.operations_before:,} → {layer.operations:,}",
    }
