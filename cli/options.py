"""Kinds of options that several commands share."""

import click
from click.shell_completion import CompletionItem

from symclone_tf.symmetry import GROUPS, get_group
from symclone_tf.symmetry.named_groups import ACCEPTED

# Listed here, so that the help needs no Keras.
STUDENTS = ("dense", "local", "regional")
TRAINED_STUDENTS = ("mixer", "attention")
GROUP_HELP = (
    "t2: translations; flip: left-right reflections; cN: rotations by 360°/N, as c4 by "
    "90°; dN: cN and reflections. Rotations by other angles than 90° and 180°, as of "
    "c8, interpolate between pixels."
)
COUNT = click.IntRange(1, 10**6)
SEED = click.IntRange(min=0, max=2**31 - 1)
POSITIVE = click.FloatRange(min=0, min_open=True)


class Group(click.ParamType):
    """A name that `get_group` accepts."""

    name = "group"

    def get_metavar(self, param, ctx=None):
        """What the help shows: there are too many names to list."""
        return "[t2|flip|cN|dN]"

    def convert(self, value, param, ctx):
        """Refuses other names."""
        try:
            return get_group(value).name
        except ValueError:
            self.fail(f"{value!r} is not {ACCEPTED}.", param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        """The names that are used most."""
        return [CompletionItem(name) for name in GROUPS if name.startswith(incomplete)]


GROUP = Group()


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

    def __init__(self, name="size", examples="28 nor 28x20"):
        self.name = name
        self.examples = examples

    def convert(self, value, param, ctx):
        """Turns "28" into 28, and "28x20" into (28, 20)."""
        if not isinstance(value, str):
            return value
        try:
            sizes = tuple(int(part) for part in value.split("x"))
        except ValueError:
            sizes = ()
        if len(sizes) not in (1, 2):
            kind = f"neither {self.name} like {self.examples}"
            self.fail(f"{value!r} is {kind}.", param, ctx)
        for size in sizes:
            COUNT.convert(size, param, ctx)
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
        """Refuses what is no choice; how many to give depends on the images."""
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
    help="Kind of student: dense, with blocks over all pixels, or local, locally "
    "connected blocks over the receptive field of each output pixel; or regional, the "
    "same for each region of the output.",
)
REGIONS = click.option(
    "--regions",
    type=Size("numbers", "4 nor 2x4"),
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
    "convolutions or of each, as frozen,frozen,frozen,anchored.  [default: train: "
    "frozen, benchmark: every kind]",
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
ANCHOR_STRENGTH = click.option(
    "--anchor-strength",
    type=POSITIVE,
    metavar="X",
    help="The share of inputs that is transformed, at most 1; or the factor of the "
    "learning rate or of the penalty.  [default: transformed-inputs 0.2, "
    "decoupled-l2-sp 30, proximal 0.5, kl 1000, l2-sp 0.01]",
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
    click.option(
        "--train-size",
        type=click.IntRange(min=1),
        metavar="N",
        help="Number of training images.  [default: 10000, or all]",
    ),
    click.option(
        "--test-size",
        type=click.IntRange(min=1),
        metavar="N",
        help="Number of test images.  [default: 10000, or all]",
    ),
    click.option("--epochs", type=COUNT, metavar="N", default=8),
    click.option("--batch-size", type=COUNT, metavar="N", default=64),
    click.option(
        "--learning-rate",
        type=POSITIVE,
        metavar="X",
        default=1e-3,
        help="Learning rate of AdamW.",
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
