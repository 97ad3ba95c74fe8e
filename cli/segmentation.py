"""What `symclone-tf train --task segmentation` accepts, and what it says."""

import shlex

import click
from click.core import ParameterSource

from symclone_tf.cli.tables import figure, interpolation, show

# Of one step: masks take more memory than classes.
BATCH_SIZE = 16


def check_segmentation(context):
    """Refuses options of other tasks.

    Args:
        context: `click.Context` of `train`.

    Returns:
        Integer, the batch size, whose default is smaller.

    Raises:
        click.UsageError: If one is given, or there are no images.
    """

    def given(name):
        source = context.get_parameter_source(name)
        return source not in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)

    if not given("data"):
        raise click.UsageError(
            "--task segmentation needs --data: a folder with images and masks, or an "
            ".npz file."
        )
    if given("max_translation"):
        raise click.UsageError(
            "--max-translation is for tasks that transform images, and not for "
            "segmentation."
        )
    if context.params["architecture"] == "mlp":
        raise click.UsageError(
            "--task segmentation has --architecture cnn, gcnn or cloned. Received: mlp"
        )
    return context.params["batch_size"] if given("batch_size") else BATCH_SIZE


def show_segmentation(metrics, path, output):
    """Prints what was trained, and what to run next.

    Args:
        metrics: Dictionary, see `run_segmentation`.
        path: Path of the artifact.
        output: String, the folder of all artifacts.
    """
    group = metrics["options"]["group"]
    found = {
        "Artifact": str(path),
        "Mean IoU": f"{metrics['mean_iou']:.2%}",
        "Pixels right": f"{metrics['accuracy']:.2%}",
        "Mean IoU, images transformed": f"{metrics['transformed_mean_iou']:.2%}",
        "Pixels of the largest class": f"{metrics['largest_class']:.2%}",
        "Parameters": f"{metrics['parameters']:,}",
        "Epochs": f"{metrics['epochs']}, the best of them {metrics['best_epoch']}",
        "Seconds": f"{metrics['seconds']:.0f}",
    }
    show("Trained", [{"What": name, "Value": found[name]} for name in found])
    show(
        "Classes",
        [
            {
                "Class": name,
                "Intersection over union": "–" if value is None else f"{value:.2%}",
            }
            for name, value in metrics["iou"].items()
        ],
    )
    if not metrics["learned"]:
        click.echo(
            "This network has not learned: its mean IoU is no better than if every "
            "pixel had the class that most have. Try more --epochs, more images, or "
            "another --learning-rate than "
            f"{metrics['options']['learning_rate']:g}."
        )
    show(
        "Equivariance errors",
        [
            {"Layer": name, **{when: _figure(value) for when, value in error.items()}}
            for name, error in metrics["equivariance_error"].items()
        ],
    )
    own = metrics.get("teacher_equivariance_error")
    if own is not None:
        click.echo(interpolation(own))
    click.echo(f"Next: symclone-tf serving-config {shlex.quote(str(output))}")
    click.echo(f"      symclone-tf evaluate {shlex.quote(str(path))} --group {group}")


def _figure(value):
    return "–" if value is None else figure(value)
