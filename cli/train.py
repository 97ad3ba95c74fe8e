"""`symclone-tf train`."""

import shlex

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, interpolation, show


@click.command()
@click.option("--group", type=options.GROUP, required=True, help=options.GROUP_HELP)
@click.option(
    "--task",
    type=click.Choice(["invariance", "breaking"]),
    default="invariance",
    help="invariance: classify transformed images after training on untransformed "
    "ones. breaking: classify, and tell which half of the transformations was applied, "
    "with twice the classes. Groups as c8 and d8 rotate by any angle.",
)
@click.option(
    "--architecture",
    type=click.Choice(["mlp", "cnn", "gcnn", "cloned"]),
    default="cloned",
    help="cloned has frozen clones, unless --symmetry is given.",
)
@options.SYMMETRY
@click.option(
    "--student",
    type=click.Choice(options.STUDENTS),
    help="With cloned: kind of student that imitates the convolutions.  [default: "
    "dense]",
)
@options.REGIONS
@click.option(
    "--blocks",
    type=options.COUNT,
    metavar="N",
    help="With cloned.  [default: as many as exact clones need: 9, or, where rotations "
    "interpolate, 6 with kernels of 3 pixels and 17 with 5]",
)
@options.ANCHOR
@options.ANCHOR_STRENGTH
@options.TRAINABLE_PARTS
@options.protocol
@click.option(
    "--seed",
    type=options.SEED,
    metavar="N",
    default=0,
    help="Of weights, dropout, transformations and the order of images.",
)
@click.option(
    "--image-dtype",
    type=click.Choice(["float32", "uint8"]),
    default="float32",
    help="Input of the SavedModel: images from 0 to 1, or from 0 to 255.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="trained",
    help="Folder of all trained classifiers.",
)
@options.RESUME
def train(output, clones, data_dir, image_dtype, resume, strict, **choices):
    """Train one network on a task of a symmetry, and export it as a classifier.

    Images are MNIST's digits, or your own with --data. Missing clones are made first.
    """
    sc = start()
    metrics, path = sc.experiments.train_and_export(
        sc.experiments.Experiment(**choices),
        output,
        sc.workspace.Workspace(clones, data_dir, strict=strict),
        image_dtype,
        resume,
    )
    row = {
        "Artifact": str(path),
        "Accuracy": f"{metrics['accuracy']:.2%}",
        "Parameters": f"{metrics['parameters']:,}",
        "Seconds": f"{metrics['seconds']:.0f}",
    }
    if metrics["upright_accuracy"] is not None:
        row["Untransformed"] = f"{metrics['upright_accuracy']:.2%}"
    show("Trained", [row])
    show(
        "Equivariance errors",
        [
            {"Layer": name, **{when: figure(value) for when, value in error.items()}}
            for name, error in metrics["equivariance_error"].items()
        ],
    )
    own = metrics.get("teacher_equivariance_error")
    if own is not None:
        click.echo(interpolation(own))
    title, changed = sc.get_group(choices["group"]).title, metrics["changed_classes"]
    click.echo(
        f"Images whose class changes under {title}: {changed['before']:.1%} before "
        f"training, {changed['after']:.1%} after"
    )
    data = choices["data"]
    own = "" if data == "mnist" else f" --data {shlex.quote(data)}"
    kind = choices["student"]
    kind = "" if kind in (None, "dense") else f" --student {kind}"
    kind += options.regions_given(choices["regions"])
    size = f" --image-size {choices['image_size']}" if choices["image_size"] else ""
    click.echo(f"Next: symclone-tf serving-config {shlex.quote(str(output))}")
    group = choices["group"]
    click.echo(f"      symclone-tf evaluate {shlex.quote(str(path))} --group {group}")
    click.echo(
        f"      symclone-tf benchmark --group {choices['group']}{own}{size}{kind}"
    )
