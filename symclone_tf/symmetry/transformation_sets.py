"""The transformations of a group by which equivariance is measured."""

import itertools

import numpy as np

from symclone_tf.symmetry.group_transformation import GroupTransformation
from symclone_tf.symmetry.named_groups import ACCEPTED, get_group
from symclone_tf.symmetry.orbits import check_generators
from symclone_tf.symmetry.permutation_groups import PermutationGroup, random_words
from symclone_tf.symmetry.point_groups import PointGroup
from symclone_tf.symmetry.transformations import (
    Permutation,
    Transformation,
    Translation,
)
from symclone_tf.symmetry.volume_groups import (
    VOLUME_GROUPS,
    VolumeGroup,
    get_volume_group,
)
from symclone_tf.symmetry.volume_transformation import VolumeTransformation

# Offsets along each axis that stand for all translations of T(2).
MAX_OFFSETS = 13
# Random elements of a permutation group that are taken besides its generators.
RANDOM_ELEMENTS = 16


def transformations_of(
    group: str | PointGroup | VolumeGroup | PermutationGroup,
    max_translation: int = 2,
    border: int = 0,
    strides: int | tuple[int, ...] = 1,
    group_out: PermutationGroup | None = None,
    upsampling: int | tuple[int, ...] = 1,
) -> list[Transformation]:
    """The transformations of a group by which equivariance is measured.

    Args:
        group: String, `PointGroup`, `VolumeGroup` or `PermutationGroup`; of the
            latter, the generators and random elements are taken.
        max_translation: Integer, pixels. Of the translations of T(2) by up to this
            many, at most 13 offsets along each axis are taken.
        border: Integer, see `Translation`.
        strides: Integer, or one for each axis, see `Translation`.
        group_out: `PermutationGroup`, the same group's action on outputs; `None` if
            it is that on inputs.
        upsampling: Integer, or one for each axis, see `Translation`.

    Returns:
        List of `Transformation`: of groups of images and of volumes, all elements but
        the identity.

    Raises:
        ValueError: If there is no group of this name, or `group_out` does not match
            the group.

    Example:

    >>> [transformation.title for transformation in transformations_of("c4")]
    ['rotated by 90°', 'rotated by 180°', 'rotated by 270°']
    """
    group = group_of_any(group)
    if isinstance(group, PermutationGroup):
        return list(permutations_of(group, group_out))
    if group_out is not None:
        raise ValueError(
            "`group_out` is for a `group` that is a PermutationGroup. "
            f"Received: group={group.name}"
        )
    if isinstance(group, VolumeGroup):
        return [VolumeTransformation(group, each) for each in range(1, group.order)]
    if not group.is_trivial:
        return [
            GroupTransformation(group, element) for element in range(1, group.order)
        ]
    count = min(2 * max_translation + 1, MAX_OFFSETS)
    steps = np.linspace(-max_translation, max_translation, count).round().astype(int)
    offsets = itertools.product(steps.tolist(), repeat=2)
    return [
        Translation(offset, border, strides, upsampling)
        for offset in offsets
        if offset != (0, 0)
    ]


def group_of_any(
    group: str | PointGroup | VolumeGroup | PermutationGroup,
) -> PointGroup | VolumeGroup | PermutationGroup:
    """Returns the group of images or of volumes with a given name.

    Args:
        group: String, as of `get_group` and of `get_volume_group`, whose names differ;
            or the group, which is returned unchanged.

    Raises:
        ValueError: If there is no group of this name.

    Example:

    >>> group_of_any("d4"), group_of_any("oh")
    (<PointGroup d4, order 8>, <VolumeGroup oh, order 48>)
    """
    if isinstance(group, (VolumeGroup, PermutationGroup)):
        return group
    if isinstance(group, str) and group in VOLUME_GROUPS:
        return get_volume_group(group)
    try:
        return get_group(group)
    except ValueError as error:
        raise ValueError(
            f"`group` must be {ACCEPTED}, or of volumes {', '.join(VOLUME_GROUPS)}. "
            f"Received: group={group}"
        ) from error


def permutations_of(
    group: PermutationGroup,
    group_out: PermutationGroup | None = None,
    words: int = RANDOM_ELEMENTS,
) -> list[Permutation]:
    """Generators and random elements of a permutation group, as transformations.

    Args:
        group: `PermutationGroup`, acting on inputs.
        group_out: `PermutationGroup`, the same group's action on outputs; `None` if
            it is that on inputs.
        words: Integer, how many random elements, drawn as words of the generators.

    Returns:
        List of `Permutation`: the generators, then the random elements, the same at
        every call.

    Raises:
        ValueError: If the groups have different numbers of generators.

    Example:

    >>> transformations = permutations_of(symmetric(5))
    >>> len(transformations), transformations[0].title
    (18, 'generator 1')
    """
    group_out = group if group_out is None else group_out
    check_generators(group, group_out)
    # One permutation of inputs and outputs together, so that both get the same words.
    joint = np.hstack([group.generators, group_out.generators + group.points])
    elements = random_words(joint, words)
    titles = [f"generator {number + 1}" for number in range(len(joint))]
    titles += [f"element {number + 1}" for number in range(words)]
    return [
        Permutation(row[: group.points], row[group.points :] - group.points, title)
        for row, title in zip(np.vstack([joint, elements]), titles)
    ]
