"""Kinds of options that several commands share."""

import click

from symclone_tf.cli.option_types import COUNT, Counts, Group, PerLayer, Size, Strength

# Listed here, so that the help needs no Keras.
STUDENTS = ("dense", "local", "regional")
TRAINED_STUDENTS = ("attention", "relative-attention")
GROUP_HELP = (
    "t2: translations; flip: left-right reflections; cN: rotations by 360°/N, as c4 by "
    "90°; dN: cN and reflections. Rotations by other angles than 90° and 180°, as of "
    "c8, interpolate between pixels."
)
SEED = click.IntRange(min=0, max=2**31 - 1)
POSITIVE = click.FloatRange(min=0, min_open=True)
GROUP = Group()
COUNTS = Counts()
SIZE = Size()
NUMBERS = Size("numbers", "4 nor 2x4")
STUDENT = click.option(
    "--student",
    type=click.Choice(STUDENTS),
    default="dense",
    help="Kind of student: dense, with blocks over all pixels, or local, locally "
    "connected blocks over the receptive field of each output pixel; or regional, the "
    "same for each region of the output.",
)
REGIONS = click.option(
    "--regions",
    type=NUMBERS,
    metavar="N[xN]",
    help="Of regional students, along height and width of a layer's outputs; no more "
    "than there are.  [default: 4, or fewer of small outputs]",
)


def regions_given(regions):
    """The option as it was given, for a command that is suggested."""
    if regions is None:
        return ""
    several = isinstance(regions, tuple)
    return f" --regions {'x'.join(map(str, regions)) if several else regions}"


SYMMETRY = click.option(
    "--symmetry",
    type=PerLayer(["frozen", "trainable", "anchored"]),
    help="With cloned: what training does with the clones' weights, of all "
    "convolutions or of each, as frozen,frozen,frozen,anchored. Of a frozen clone the "
    "student does not train; the layer's kernel and bias do.  [default: train: frozen, "
    "benchmark: every kind]",
)
TRAINABLE_PARTS = click.option(
    "--trainable-part",
    type=PerLayer(["all", "encoder", "blocks"]),
    help="What is trainable of clones that are not frozen, of all or of each. With a "
    "trainable encoder a clone stays a convolution and breaks rotations; with "
    "trainable blocks it breaks translations.  [default: all]",
)
ANCHOR = click.option(
    "--anchor",
    type=click.Choice(
        ["transformed-inputs", "decoupled-l2-sp", "proximal", "kl", "l2-sp"]
    ),
    help="How --symmetry anchored regularises towards the clone: transformed-inputs "
    "transforms a share of a layer's inputs in training, and its outputs back; "
    "decoupled-l2-sp and proximal act on the weights after each step of the optimizer; "
    "kl and l2-sp are penalties in the loss.  [default: transformed-inputs]",
)
_STRENGTH_HELP = (
    "The share of inputs that is transformed, at most 1; or the factor of the "
    "learning rate or of the penalty.{}  [default: transformed-inputs 0.2, "
    "decoupled-l2-sp 30, proximal 0.5, kl 1000, l2-sp 0.01]"
)
ANCHOR_STRENGTH = click.option(
    "--anchor-strength",
    type=POSITIVE,
    metavar="X",
    help=_STRENGTH_HELP.format(""),
)
FOUND_STRENGTH = click.option(
    "--anchor-strength",
    type=Strength(),
    metavar="X|auto",
    help=_STRENGTH_HELP.format(
        " auto: with one anchored convolution, as frozen,frozen,frozen,anchored, the "
        "best of 0.1, 0.3 and 0.5, or, with decoupled-l2-sp, kl and l2-sp, of a third, "
        "one and three times the default, which are trained at once; a tenth of the "
        "training images, transformed as in tests, says which."
    ),
)
RESUME = click.option(
    "--resume",
    is_flag=True,
    help="Continue the same training from its last checkpoint.",
)
DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(file_okay=False),
    help="Folder of tensorflow-datasets' data, also for downloads.  "
    "[default: TFDS_DATA_DIR, else ~/tensorflow_datasets]",
)
DATA = click.option(
    "--data",
    default="mnist",
    metavar="NAME|FOLDER|FILE",
    help="Labelled images: a name of tensorflow-datasets, as cifar10; a folder with a "
    "sub-folder of images for each class, as PNG, JPEG or TIFF; or an .npz file with "
    "x_train, y_train, x_test and y_test.",
)
KEEP_TOGETHER = click.option(
    "--keep-together",
    metavar="PATTERN",
    help="Of a folder without test images: a regular expression for paths in it. Files "
    "of which it finds the same, as (patient[0-9]+), are all training or all test "
    "images.",
)
OWN_IMAGES = click.option(
    "--data",
    metavar="NAME|FOLDER|FILE",
    help="Images of your own to draw, in their colours: as of train.  "
    "[default: MNIST's digits]",
)
MODEL = click.option(
    "--model",
    metavar="FILE|FOLDER",
    help="A trained network to draw with --data, and nothing else, so that nothing is "
    "cloned: a .keras file, or a classifier that train has exported.",
)
IMAGE_SIZE = click.option(
    "--image-size",
    type=COUNT,
    metavar="N",
    help="Resize images to N×N pixels, which images of several sizes need.  "
    "[default: their own]",
)
NETWORK_SIZE = click.option(
    "--image-size",
    type=SIZE,
    metavar="N",
    help="Size of the images, or as 96x64, if a network takes images of any size.",
)
STRICT = click.option(
    "--strict",
    is_flag=True,
    help="Refuse a folder with files that cannot be read, instead of ignoring them.",
)
CLONES = click.option(
    "--clones",
    type=click.Path(file_okay=False),
    default="exported",
    help="Folder of exported clones; missing clones are added.",
)


def sources(command):
    """Adds the options for what figures are drawn from."""
    for option in reversed(_SOURCES):
        command = option(command)
    return command


_SOURCES = (
    CLONES,
    click.option(
        "--benchmark",
        type=click.Path(file_okay=False),
        default="benchmark",
        help="Folder of the tables of symclone-tf benchmark.",
    ),
    DATA_DIR,
    STUDENT,
    REGIONS,
)


def protocol(command):
    """Adds the options for how networks are trained."""
    for option in reversed(_PROTOCOL):
        command = option(command)
    return command


_PROTOCOL = (
    DATA,
    KEEP_TOGETHER,
    IMAGE_SIZE,
    STRICT,
    click.option(
        "--canvas",
        type=COUNT,
        metavar="N",
        help="Size of the network's inputs in pixels, with zeros around the images.  "
        "[default: their size; t2: 12 more]",
    ),
    click.option(
        "--max-translation",
        type=COUNT,
        metavar="N",
        help="With t2: the largest translation of images, in pixels.  [default: 6]",
    ),
    *(
        click.option(
            f"--{split}-size",
            type=click.IntRange(min=1),
            metavar="N",
            help=f"Number of {name} images.  [default: 10000, or all]",
        )
        for split, name in (("train", "training"), ("test", "test"))
    ),
    click.option(
        "--epochs",
        type=COUNT,
        metavar="N",
        help="[default: 8; or 8 to 200, for 1,500 steps, with --recipe validated]",
    ),
    click.option("--batch-size", type=COUNT, default=64, metavar="N"),
    click.option(
        "--learning-rate",
        type=POSITIVE,
        metavar="X",
        help="Of AdamW.  [default: 0.001; with --recipe validated up to 0.003]",
    ),
    click.option(
        "--dropout",
        type=click.FloatRange(min=0, max=1, max_open=True),
        metavar="X",
        default=0.2,
        help="Dropout rate of the last hidden units.",
    ),
    DATA_DIR,
    CLONES,
)
