"""Kinds of options that several commands share."""

import click

from symclone_tf.symmetry import GROUPS

GROUP = click.Choice(list(GROUPS))
# Named here, so that the help needs no Keras.
STUDENTS = ("dense", "local")
TRAINED_STUDENTS = ("mixer", "attention")
GROUP_HELP = "t2 shifts, c2 half turns, c4 quarter turns, d4 these and mirrors."
COUNT = click.IntRange(1, 10**6)
SEED = click.IntRange(min=0, max=2**31 - 1)
POSITIVE = click.FloatRange(min=0, min_open=True)


class Counts(click.ParamType):
    """Positive integers, separated by commas."""

    name = "integers"

    def convert(self, value, param, ctx):
        """Turns "64,64" into (64, 64)."""
        if isinstance(value, tuple):
            return value
        try:
            counts = tuple(int(part) for part in value.split(","))
        except ValueError:
            counts = ()
        if not counts or min(counts) < 1:
            self.fail(f"{value!r} is not a list like 64 or 64,64.", param, ctx)
        return counts


class Size(click.ParamType):
    """One positive integer for height and width, or one for each."""

    name = "size"

    def convert(self, value, param, ctx):
        """Turns "28" into 28, and "28x20" into (28, 20)."""
        if not isinstance(value, str):
            return value
        parts = value.split("x")
        if len(parts) > 2 or not all(parts):
            self.fail(f"{value!r} is neither a size like 28 nor 28x20.", param, ctx)
        sizes = tuple(COUNT.convert(part, param, ctx) for part in parts)
        return sizes if len(sizes) == 2 else sizes[0]


class PerLayer(click.ParamType):
    """One choice for all convolutions of the network, or one for each."""

    def __init__(self, choices):
        self.choices = choices
        self.name = "|".join(choices)

    def get_metavar(self, param, ctx=None):
        """What the help shows."""
        return f"[{self.name}][,…]"

    def convert(self, value, param, ctx):
        """Refuses what is no choice; how many there are hangs on the images."""
        if set(value.split(",")) - set(self.choices):
            self.fail(
                f"{value!r} is not one of {', '.join(self.choices)}, nor several of "
                "them separated by commas.",
                param,
                ctx,
            )
        return value


SIZE = Size()
STUDENT = click.option(
    "--student",
    type=click.Choice(STUDENTS),
    default="dense",
    help="What imitates: dense blocks over all pixels, or local blocks over those that "
    "an output pixel sees.",
)
SYMMETRY = click.option(
    "--symmetry",
    type=PerLayer(["frozen", "trainable", "anchored"]),
    help="Of cloned: what becomes of the clones' weights, of all convolutions or "
    "of each, as frozen,frozen,frozen,anchored.  [default: train frozen, benchmark "
    "every kind]",
)
TRAINABLE_PARTS = click.option(
    "--trainable-part",
    type=PerLayer(["all", "encoder", "blocks"]),
    help="Of clones that are not frozen, all or each: what of them moves; the encoder "
    "leaves turns and stays a convolution, the blocks leave shifts.  [default: all]",
)
ANCHOR = click.option(
    "--anchor",
    type=click.Choice(
        ["transformed-inputs", "decoupled-l2-sp", "proximal", "kl", "l2-sp"]
    ),
    help="What holds with --symmetry anchored: in training, moving a share of a "
    "layer's inputs there and its answers back, augment; or, after each step of the "
    "optimizer, a decay towards the cloned weights, or a threshold below which they "
    "stay; or a penalty in the loss, kl or l2.  [default: augment]",
)
ANCHOR_STRENGTH = click.option(
    "--anchor-strength",
    type=POSITIVE,
    metavar="X",
    help="The share that moves, at most 1; or what the learning rate, or the penalty, "
    "is multiplied with.  [default: augment 0.2, decay 30, threshold 0.5, kl 1000, l2 "
    "0.01]",
)
RESUME = click.option(
    "--resume",
    is_flag=True,
    help="Go on where the same training was interrupted, from its last checkpoint.",
)
DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(file_okay=False),
    help="Where tensorflow-datasets keeps its data, or downloads it to.  "
    "[default: TFDS_DATA_DIR, else ~/tensorflow_datasets]",
)
DATA = click.option(
    "--data",
    default="mnist",
    metavar="NAME|FOLDER|FILE",
    help="Labelled images: a name of tensorflow-datasets, as cifar10; a folder with a "
    "sub-folder of PNG or JPEG images for each class; or an .npz file with x_train, "
    "y_train, x_test and y_test.",
)
IMAGE_SIZE = click.option(
    "--image-size",
    type=COUNT,
    metavar="N",
    help="Resize images to N×N pixels, which images of several sizes need.  "
    "[default: their own]",
)
STRICT = click.option(
    "--strict",
    is_flag=True,
    help="Refuse a folder with files that cannot be read, instead of leaving them out.",
)
CLONES = click.option(
    "--clones",
    type=click.Path(file_okay=False),
    default="exported",
    help="Folder of exported clones; missing ones are added.",
)


def sources(command):
    """Adds the options of what figures are drawn from."""
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
)


def protocol(command):
    """Adds the options of how networks are trained."""
    for option in reversed(_PROTOCOL):
        command = option(command)
    return command


_PROTOCOL = (
    DATA,
    IMAGE_SIZE,
    STRICT,
    click.option(
        "--canvas",
        type=COUNT,
        metavar="N",
        help="What the network sees, in pixels, zeros around the images.  [default: "
        "their size; t2 12 more]",
    ),
    click.option(
        "--max-translation",
        type=COUNT,
        metavar="N",
        help="How far t2 moves images, in pixels.  [default: 6]",
    ),
    click.option(
        "--train-size",
        type=click.IntRange(min=1),
        metavar="N",
        help="Images to train on.  [default: 10000, or all]",
    ),
    click.option(
        "--test-size",
        type=click.IntRange(min=1),
        metavar="N",
        help="Images to test on.  [default: 10000, or all]",
    ),
    click.option("--epochs", type=COUNT, metavar="N", default=8),
    click.option("--batch-size", type=COUNT, metavar="N", default=64),
    click.option(
        "--learning-rate", type=POSITIVE, metavar="X", default=1e-3, help="Of AdamW."
    ),
    click.option(
        "--dropout",
        type=click.FloatRange(min=0, max=1, max_open=True),
        metavar="X",
        default=0.2,
        help="Share of the last hidden units that a step leaves out.",
    ),
    DATA_DIR,
    CLONES,
)
