"""The layout that all networks have in common, whatever package their layers are of."""

import math
import re

KERNEL = 5
# Of a network of plain convolutions. With a group of n elements there are as many
# filters by the square root of n, so that all networks have about as many weights.
FIELDS = (16, 24, 32)
# After which convolutions there is a pooling.
POOLED = (0,)
# Of the digits, which escnn's networks learn too; and our networks' weights, by group.
DIGITS_EPOCHS = 12
DIGITS_WEIGHTS = {"c8": 27_520, "c16": 29_026}
# Adam's first learning rate, and the images of each step.
RATE, BATCH = 3e-3, 64


def order(group) -> int:
    """The number of a group's elements.

    Args:
        group: String, as `"c8"`, `"d4"`, `"flip"`; `None` for the trivial group.

    Example:

    >>> order("c8"), order("d4"), order("flip"), order(None)
    (8, 8, 2, 1)
    """
    if group is None:
        return 1
    kind, rotations = re.fullmatch("(c|d|flip)([0-9]*)", group).groups()
    return (1 if kind == "c" else 2) * int(rotations or 1)


def widths(group) -> list[int]:
    """The number of filters of each convolution.

    >>> widths(None), widths("c4"), widths("c8")
    ([16, 24, 32], [8, 12, 16], [6, 8, 11])
    """
    return [round(fields / math.sqrt(order(group))) for fields in FIELDS]


def sizes_of(canvas) -> list[int]:
    """The size of each convolution's images.

    >>> sizes_of(28)
    [28, 12, 8]
    """
    sizes = []
    for index in range(len(FIELDS)):
        sizes.append(canvas)
        canvas -= KERNEL - 1
        if index in POOLED:
            canvas = -(-canvas // 2)
    return sizes
