"""`symclone-tf clone`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import errors, figure, show
from symclone_tf.cloning import check_strategy

LAYERS = ("lifting", "group")


@click.command()
@click.option("--group", type=options.GROUP, required=True, help=options.GROUP_HELP)
@click.option(
    "--canvas",
    type=options.COUNT,
    metavar="N",
    default=28,
    help="Clone all four convolutions of the MNIST network for images of this size; "
    "train and benchmark use 40 with t2.",
)
@click.option(
    "--layer",
    type=click.Choice(LAYERS),
    help="With --image-size: clone this one layer, from images or from feature maps. "
    "T(2) has only one kind of layer.  [default: lifting]",
)
@click.option(
    "--image-size",
    type=options.SIZE,
    metavar="N[xN]",
    help="Clone one layer for images of this size, instead of the network's layers; "
    "with t2, flip, c2 and d2 also height and width, as 28x20.",
)
@click.option(
    "--kernel-size",
    type=options.SIZE,
    metavar="N[xN]",
    help="In pixels.  [default: 3; 5 for more than 8 rotations, 7 for more than 16, …]",
)
@click.option(
    "--padding",
    type=click.Choice(["valid", "same"]),
    default="valid",
    help='"same" needs odd kernels, unless the group is t2.',
)
@click.option(
    "--strides",
    type=options.SIZE,
    metavar="N[xN]",
    default=1,
    help="With --image-size: pixels between receptive fields.",
)
@click.option(
    "--dilation-rate",
    type=options.SIZE,
    metavar="N[xN]",
    default=1,
    help="With --image-size: pixels between entries of the kernel.",
)
@click.option(
    "--student",
    type=click.Choice(options.STUDENTS + options.TRAINED_STUDENTS),
    default="dense",
    help="Kind of student: dense, with blocks over all pixels; local, with locally "
    "connected blocks; regional, with one such block for each region of the outputs; "
    "attention over positions, which is trained longer, and never exact; or "
    "relative-attention, to positions relative to each output.",
)
@options.REGIONS
@click.option(
    "--blocks",
    type=options.COUNT,
    metavar="N",
    help="Parallel blocks.  [default: as many as an exact copy needs: kernel-size², or "
    "fewer where rotations interpolate]",
)
@click.option(
    "--hidden-units",
    type=options.COUNTS,
    metavar="N[,N]",
    default=(),
    help="Widths of each dense block's hidden layers, as 64,64.  [default: none, "
    "linear]",
)
@click.option(
    "--solver",
    type=click.Choice(["sgd", "closed-form"]),
    default="sgd",
    help="sgd trains, by gradient descent or, with hidden units, by Adam; closed-form "
    "solves for linear blocks without training.",
)
@click.option(
    "--steps",
    type=options.COUNT,
    metavar="N",
    help="[default: as many as the layer needs]",
)
@click.option(
    "--images-per-step",
    type=options.COUNT,
    metavar="N",
    help="[default: the number that trains fastest]",
)
@click.option(
    "--kernels-per-step",
    type=options.COUNT,
    metavar="N",
    help="[default: the number that trains fastest]",
)
@click.option(
    "--learning-rate",
    type=options.POSITIVE,
    metavar="X",
    help="[default: 0.8; with hidden units 0.01]",
)
@click.option(
    "--seed",
    type=options.SEED,
    metavar="N",
    default=0,
    help="Of weights and random draws.",
)
@click.option(
    "--max-nmse",
    type=options.POSITIVE,
    metavar="X",
    help="Fail at the first layer above this error on fresh pairs, without writing it.",
)
@click.option(
    "--jit/--no-jit",
    default=None,
    help="Compile training with XLA.  [default: on a GPU only]",
)
@click.option(
    "--strategy",
    type=click.Choice(["none", "mirrored", "multi-worker"]),
    default="none",
    help="Train on all GPUs of this machine, or on the hosts in TF_CONFIG.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="exported",
    help="Folder of all artifacts.",
)
@options.RESUME
def clone(output, canvas, layer, image_size, **choices):
    """Clone convolutions into students, and export them as SavedModels.

    Without --image-size, the four convolutions of the MNIST network are cloned.

    In the table at the end, NMSE is the mean squared error relative to the mean square
    of the teacher's outputs, on fresh images and kernels. The equivariance error is the
    largest relative difference between the output of a transformed input and the
    transformed output, and beside it the teacher's own, where transformations
    interpolate between pixels and no layer is exact. Variance kept, in closed form, is
    the share of the teacher that fits into the blocks.
    """
    context = click.get_current_context()
    if layer and not image_size:
        raise click.UsageError("--layer needs --image-size, the size of its images.")
    spacing = {name: choices.pop(name) for name in ("strides", "dilation_rate")}
    if not image_size and set(spacing.values()) != {1}:
        raise click.UsageError(
            "--strides and --dilation-rate need --image-size: the network's "
            "convolutions have neither."
        )
    if image_size and context.get_parameter_source("canvas").name == "COMMANDLINE":
        raise click.UsageError(
            "--canvas is for the whole network, --image-size for one layer: "
            "give one of them."
        )
    check_strategy(choices["strategy"])
    sc = start(choices["strategy"])
    kernels = {name: choices.pop(name) for name in ("kernel_size", "padding")}
    makes = {name: choices.pop(name) for name in ("blocks", "hidden_units", "regions")}
    makes |= {"seed": choices["seed"], "dtype": "float32"}
    group, kind = choices.pop("group"), choices.pop("student")
    if kernels["kernel_size"] is None:
        kernels["kernel_size"] = sc.experiments.kernel_size_of(group)
    training = sc.cloning.Training(**choices)
    if image_size:
        teacher = sc.ConvTeacher(
            group, image_size, lifting=layer != "group", **kernels, **spacing
        )
        students = [sc.students.make_student(kind, teacher, **makes)]
    else:
        students = sc.experiments.network_students(
            group, canvas, student=kind, **kernels, **makes
        )
    rows = []
    made = sc.workspace.clone_and_export(students, training, output)
    for student, report, path in made:
        row = {
            "Layer": student.teacher.title,
            "Blocks": str(student.blocks),
            "NMSE": figure(report.nmse),
            **errors(report.equivariance_error, report.teacher_equivariance_error),
            "Seconds": f"{report.seconds:.1f}",
            "Artifact": str(path or "written by the chief"),
        }
        if report.kept_variance is not None:
            row["Variance kept"] = f"{report.kept_variance:.2%}"
        rows.append(row)
    show("Cloned", rows)
    if path:
        click.echo(f"Next: symclone-tf evaluate {path.parent}")
