"""Point groups by their names."""

import functools
import re
from fractions import Fraction

from symclone_tf.symmetry.plane_elements import (
    MOST_ROTATIONS,
    REFLECTION,
    PlaneElement,
)
from symclone_tf.symmetry.point_groups import PointGroup

# Of others with as many rotations, `get_group` accepts the names too.
_ROTATIONS = (2, 3, 4, 6, 8, 12, 16)
ACCEPTED = f"t2, flip, cN or dN, as c4 and d8, with N from 2 to {MOST_ROTATIONS}"


def _made(kind, rotations):
    """The group of so many rotations, `"c"`, or of these and reflections, `"d"`."""
    generators = [PlaneElement(Fraction(1, rotations), False).matrix]
    generators += [REFLECTION] * (kind == "d")
    return PointGroup(f"{kind}{rotations}", f"{kind.upper()}{rotations}", generators)


GROUPS = {
    group.name: group
    for group in (
        PointGroup("t2", "T(2)"),
        PointGroup("flip", "Flip", (REFLECTION,)),
        *(_made("c", rotations) for rotations in _ROTATIONS),
        *(_made("d", rotations) for rotations in _ROTATIONS),
    )
}
"""Point groups by their names: those that commands offer."""


@functools.cache
def _named(name):
    if name in GROUPS:
        return GROUPS[name]
    matched = re.fullmatch("([cd])([1-9][0-9]?)", name)
    if not matched or not 2 <= int(matched[2]) <= MOST_ROTATIONS:
        return None
    return _made(matched[1], int(matched[2]))


def get_group(group: str | PointGroup) -> PointGroup:
    """Returns the group with a given name; a `PointGroup` is returned unchanged.

    `"t2"` has translations only, `"flip"` (D1) reflections from left to right, `"cN"`
    rotations by multiples of 360°/N, and `"dN"` these and reflections.

    Args:
        group: String, as `"c4"`, or a `PointGroup`.

    Raises:
        ValueError: If there is no group of this name.

    Example:

    >>> get_group("d4"), get_group("c10").element_titles[1]
    (<PointGroup d4, order 8>, 'rotated by 36°')
    >>> get_group(get_group("d4")) is get_group("d4")
    True
    """
    if isinstance(group, PointGroup):
        return group
    found = _named(group) if isinstance(group, str) else None
    if found is None:
        raise ValueError(f"`group` must be {ACCEPTED}. Received: group={group}")
    return found
