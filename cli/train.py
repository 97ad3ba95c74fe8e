"""`symclone-tf train`."""

import shlex

import click

from symclone_tf.cli import options
from symclone_tf.cli.option_types import PerLayer
from symclone_tf.cli.segmentation import check_segmentation, show_segmentation
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, interpolation, show


@click.command()
@click.option("--group", type=options.GROUP, required=True, help=options.GROUP_HELP)
@click.option(
    "--task",
    type=click.Choice(["invariance", "breaking", "segmentation"]),
    default="invariance",
    help="invariance: classify transformed images after training on untransformed "
    "ones. breaking: classify, and tell which half of the transformations was applied, "
    "with twice the classes. Groups as c8 and d8 rotate by any angle. segmentation: "
    "classify each pixel by a U-Net, of --data with folders images and masks, by "
    "default in batches of 16.",
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
    "regional, at a convolution's price]",
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
@options.FOUND_STRENGTH
@options.TRAINABLE_PARTS
@click.option(
    "--recipe",
    type=click.Choice(["validated", "fixed"]),
    default="validated",
    help="validated: pixels are normalised within the network, the learning rate rises "
    "and falls, and training ends when images that are held out are classified no "
    "better; the best weights are kept. fixed: that of symclone-tf benchmark, with a "
    "constant rate and a number of epochs.",
)
@click.option(
    "--augment",
    type=PerLayer(("flip", "rotation")),
    help="Transform images at random in training by Keras' RandomFlip, RandomRotation "
    "or both, whatever the group.",
)
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
@click.pass_context
def train(context, output, clones, data_dir, image_dtype, resume, strict, **choices):
    """Train one network on a task of a symmetry, and export it as a classifier.

    Images are MNIST's digits, or your own with --data. Missing clones are made first.
    """
    segmentation = choices["task"] == "segmentation"
    if segmentation:
        choices["batch_size"] = check_segmentation(context)
    sc = start()
    if choices["architecture"] == "cloned" and choices["student"] is None:
        choices["student"] = "regional"
    made = sc.experiments.Segmentation if segmentation else sc.experiments.Experiment
    metrics, path = sc.experiments.train_and_export(
        made(**choices),
        output,
        sc.workspace.Workspace(clones, data_dir, strict=strict),
        image_dtype,
        resume,
    )
    if segmentation:
        show_segmentation(metrics, path, output)
        return
    found = {
        "Artifact": str(path),
        "Accuracy": f"{metrics['accuracy']:.2%}",
        "Largest class": f"{metrics['largest_class']:.2%}",
        "Parameters": f"{metrics['parameters']:,}",
        "Epochs": f"{metrics['epochs']}, the best of them {metrics['best_epoch']}",
        "Seconds": f"{metrics['seconds']:.0f}",
    }
    if strengths := metrics.get("strengths"):
        show("Strengths, by the images held out", [_tried(one) for one in strengths])
    if metrics["upright_accuracy"] is not None:
        found["Untransformed"] = f"{metrics['upright_accuracy']:.2%}"
    show("Trained", [{"What": name, "Value": found[name]} for name in found])
    if not metrics["learned"]:
        click.echo(not_learned(metrics, choices["learning_rate"]))
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
    together = choices["keep_together"]
    own += f" --keep-together {shlex.quote(together)}" if together else ""
    click.echo(f"Next: symclone-tf serving-config {shlex.quote(str(output))}")
    group = choices["group"]
    click.echo(f"      symclone-tf evaluate {shlex.quote(str(path))} --group {group}")
    click.echo(
        f"      symclone-tf benchmark --group {choices['group']}{own}{size}{kind}"
    )


def _tried(one):
    """A strength, as a line of a table shows it."""
    return {
        "Strength": f"{one['strength']:g}",
        "Accuracy": f"{one['accuracy']:.2%}",
        "Loss": f"{one['loss']:.3f}",
        "Chosen": "yes" if one["is_chosen"] else "",
    }


def not_learned(metrics, rate):
    """Says that a network is no better than chance may be, and what may help."""
    options = metrics["options"]
    accuracy, largest = (
        metrics["upright_accuracy"] or metrics["accuracy"],
        metrics["largest_class"],
    )
    if accuracy > largest:
        said = (
            "Whether this network has learned cannot be told from so few test images: "
            f"it classifies {accuracy:.1%} of them, and whoever always says the "
            f"largest class {largest:.1%}."
        )
    else:
        said = (
            "This network has not learned: it classifies no more test images than "
            f"whoever always says the largest class, {largest:.1%}."
        )
    others = ["more --epochs", "more images"]
    if rate is not None:
        used = options["learning_rate"]
        others.insert(1, f"another --learning-rate than {used:g}")
    if options["architecture"] != "cnn":
        others.append("--architecture cnn")
    return f"{said} Try {', '.join(others[:-1])}, or {others[-1]}."
