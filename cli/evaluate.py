"""`symclone-tf evaluate`."""

import os
import warnings

import click

from symclone_tf.cli import options
from symclone_tf.cli.network_images import images_for
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import errors, figure, interpolation, show

# Of a network, where there are no images of one's own.
IMAGES = 32


@click.command()
@click.argument("path", type=click.Path())
@click.option(
    "--images",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Number of images. Of a clone they are random, and at most 32 others are for "
    "the equivariance error.  [default: 256 for a clone, fewer for more than 128×128 "
    "pixels; 32 for a network]",
)
@click.option(
    "--kernels",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Number of random kernels, each applied to every image; for clones only.  "
    "[default: whole orthogonal frames of at least 32]",
)
@click.option(
    "--seed", type=options.SEED, metavar="N", default=1, help="Of the random draws."
)
@click.option("--group", type=options.GROUP, help="For networks only, which need one.")
@click.option(
    "--data",
    metavar="NAME|FOLDER|FILE",
    help="Test images for networks, as of train; resized to the network's size.  "
    "[default: noise]",
)
@options.KEEP_TOGETHER
@options.NETWORK_SIZE
@options.DATA_DIR
def evaluate(
    path, images, kernels, seed, group, data, keep_together, image_size, data_dir
):
    """Measure a clone on fresh data, or the equivariance of a whole network.

    PATH is an exported clone, as exported/c4-lifting-28x28-k3, or one version of it:
    its fidelity and equivariance are measured, as by clone, and the equivariance of its
    teacher where transformations interpolate. Or it is a network, a
    .keras file or a classifier that train has exported: the equivariance error of each
    convolution is measured, that of the whole network, and the share of images whose
    class changes when they are transformed.
    """
    sc = start()
    file = sc.artifacts.network_file(path)
    if file is None:
        given = {"group": group, "data": data, "image-size": image_size}
        given["keep-together"] = keep_together
        if not os.path.exists(path) and path.endswith((".keras", ".h5", ".hdf5")):
            raise click.UsageError(f"{path} does not exist.")
        for name in (name for name, value in given.items() if value is not None):
            raise click.UsageError(
                f"--{name} is for a network, a .keras file or a folder of one "
                f"classifier that train has exported. Received: {path}"
            )
        _evaluate_clone(sc, path, images, kernels, seed)
        return
    if kernels is not None:
        raise click.UsageError("--kernels is for clones, and not for networks.")
    if group is None:
        raise click.UsageError("A network needs --group, under which it is measured.")
    network = sc.artifacts.load_network(file)
    chosen = images or IMAGES, seed, data, image_size, data_dir, keep_together
    inputs = images_for(sc, network, *chosen)
    _evaluate_network(sc, file, network, inputs, group)


def _evaluate_clone(sc, path, images, kernels, seed):
    artifact = sc.artifacts.find(path)
    student = sc.load(artifact.path)
    drawn = {"images": images and min(images, 32), "seed": seed}
    error = sc.cloning.student_equivariance_error(student, **drawn)
    own = sc.cloning.teacher_equivariance_error(student.teacher, **drawn)
    show(
        "Evaluated",
        [
            {
                "Layer": student.teacher.title,
                "Blocks": str(student.blocks),
                "NMSE": figure(sc.nmse(student, images, kernels, seed)),
                **errors(error, own),
                "Artifact": str(artifact.path),
            }
        ],
    )


def _evaluate_network(sc, file, network, inputs, group):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        errors = sc.networks.layer_errors(network, inputs, group)
    whole = sc.networks.network_error(network, inputs, group)
    rows = {**errors, "network": whole.equivariance_error}
    show(
        "Equivariance errors",
        [{"Layer": name, "Error": figure(error)} for name, error in rows.items()],
    )
    if not sc.get_group(group).permutes_pixels:
        click.echo(interpolation(sc.networks.teacher_errors(network, inputs, group)))
    for one in said:
        if "is not measured" in str(one.message):
            click.echo(f"Note: {one.message}")
    changed = whole.changed_classes
    if changed is not None:
        title = sc.get_group(group).title
        click.echo(f"Images whose class changes under {title}: {changed:.1%}")
    click.echo(f"{file}: measured on {len(inputs)} images.")
