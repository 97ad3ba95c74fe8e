"""`symclone-tf evaluate`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, show


@click.command()
@click.argument("directory", type=click.Path())
@click.option(
    "--images",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Number of random images, and of at most 32 others for the equivariance "
    "error.  [default: 256, fewer for more than 128×128 pixels]",
)
@click.option(
    "--kernels",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Number of random kernels, each applied to every image.  [default: whole "
    "orthogonal frames of at least 32]",
)
@click.option(
    "--seed", type=options.SEED, metavar="N", default=1, help="Of the random draws."
)
def evaluate(directory, images, kernels, seed):
    """Measure an exported clone's fidelity and equivariance on fresh data.

    DIRECTORY is an artifact, as exported/c4-lifting-28x28-k3, or one version
    of it. The table has the same columns as clone's.
    """
    sc = start()
    artifact = sc.artifacts.find(directory)
    student = sc.load(artifact.path)
    show(
        "Evaluated",
        [
            {
                "Layer": student.teacher.title,
                "Blocks": str(student.blocks),
                "NMSE": figure(sc.nmse(student, images, kernels, seed)),
                "Equivariance error": figure(
                    sc.cloning.student_equivariance_error(
                        student, images and min(images, 32), seed=seed
                    )
                ),
                "Artifact": str(artifact.path),
            }
        ],
    )
