"""`symclone-tf clone`."""

import click

from symclone_tf.cli import options
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import figure, show
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
    "train and benchmark give t2 images of 40.",
)
@click.option(
    "--layer",
    type=click.Choice(LAYERS),
    help="With --image-size: clone this one layer, from images or from feature maps. "
    "T(2) has no group axis, and one kind of layer.  [default: lifting]",
)
@click.option(
    "--image-size",
    type=options.SIZE,
    metavar="N[xN]",
    help="Clone one layer that reads images of this size, instead of the network's; "
    "height and width as 28x20 under t2.",
)
@click.option(
    "--kernel-size", type=options.SIZE, metavar="N[xN]", default=3, help="Pixels."
)
@click.option(
    "--padding",
    type=click.Choice(["valid", "same"]),
    default="valid",
    help='"same" takes odd kernels only, unless the group is t2.',
)
@click.option(
    "--strides",
    type=options.SIZE,
    metavar="N[xN]",
    default=1,
    help="With --image-size: pixels from window to window.",
)
@click.option(
    "--dilation-rate",
    type=options.SIZE,
    metavar="N[xN]",
    default=1,
    help="With --image-size: pixels from entry to entry of the kernel.",
)
@click.option(
    "--student",
    type=click.Choice(options.STUDENTS + options.TRAINED_STUDENTS),
    default="dense",
    help="What imitates: dense blocks over all pixels; local blocks over those that an "
    "output pixel sees; a mixer of points and of blocks; attention to places. The "
    "last two are trained longer, and are never exact.",
)
@click.option(
    "--blocks",
    type=options.COUNT,
    metavar="N",
    help="Blocks in parallel.  [default: kernel-size², an exact copy]",
)
@click.option(
    "--hidden-units",
    type=options.Counts(),
    metavar="N[,N]",
    default=(),
    help="Widths of each dense block's hidden layers, as 64,64; of a mixer two, for "
    "points and for blocks.  [default: dense none, linear; mixer as many as input "
    "points, and 4 a block]",
)
@click.option(
    "--solver",
    type=click.Choice(["sgd", "closed-form"]),
    default="sgd",
    help="Train, by gradient descent or, with hidden units, Adam; or solve for linear "
    "blocks without training.",
)
@click.option(
    "--steps", type=options.COUNT, metavar="N", help="[default: what the layer needs]"
)
@click.option(
    "--images-per-step",
    type=options.COUNT,
    metavar="N",
    help="[default: what trains fastest]",
)
@click.option(
    "--kernels-per-step",
    type=options.COUNT,
    metavar="N",
    help="[default: what trains fastest]",
)
@click.option(
    "--learning-rate",
    type=options.POSITIVE,
    metavar="X",
    help="[default: 0.8; with hidden units 0.01]",
)
@click.option(
    "--seed", type=options.SEED, metavar="N", default=0, help="Of weights and draws."
)
@click.option(
    "--max-nmse",
    type=options.POSITIVE,
    metavar="X",
    help="Fail at the first layer above this error on fresh pairs, and do not write "
    "it.",
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

    Without --image-size, the four convolutions of the MNIST network.

    The table that it ends with: NMSE is the mean squared error relative to the mean
    square of the teacher's answers, on what training never saw; the equivariance
    error is the largest that moving first or last makes of an answer, relative to it;
    Variance kept, in closed form, is how much of the teacher fits into the blocks.
    """
    context = click.get_current_context()
    if layer and not image_size:
        raise click.UsageError("--layer needs --image-size, the size of its images.")
    steps = {name: choices.pop(name) for name in ("strides", "dilation_rate")}
    if not image_size and set(steps.values()) != {1}:
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
    makes = {name: choices.pop(name) for name in ("blocks", "hidden_units")}
    makes |= {"seed": choices["seed"], "dtype": "float32"}
    group, kind = choices.pop("group"), choices.pop("student")
    training = sc.cloning.Training(**choices)
    if image_size:
        teacher = sc.ConvTeacher(
            group, image_size, lifting=layer != "group", **kernels, **steps
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
            "Equivariance error": figure(report.equivariance_error),
            "Seconds": f"{report.seconds:.1f}",
            "Artifact": str(path or "written by the chief"),
        }
        if report.kept_variance is not None:
            row["Variance kept"] = f"{report.kept_variance:.2%}"
        rows.append(row)
    show("Cloned", rows)
    if path:
        click.echo(f"Next: symclone-tf evaluate {path.parent}")
