"""Groups of rotations and reflections of the cube, and their actions on volumes,
feature maps and kernels.

All elements permute voxels, exactly, for odd and for even sizes. Volumes may differ in
length along axes that no element exchanges: reflections act on boxes, rotations of the
cube on cubes.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from symclone_tf.checks import integers_along_axes, one_of
from symclone_tf.symmetry.group_tables import GroupTable, closed
from symclone_tf.symmetry.volume_elements import AXES, IDENTITY, element_of
from symclone_tf.types import Array, ArrayLike

# What takes boxes, for messages.
BOXES = "flip3d and d2h"


class VolumeGroup(GroupTable):
    """A finite group of rotations and reflections of a grid of voxels.

    The identity is the first element; all tables refer to elements by their index.

    Args:
        name: String, by which `get_volume_group` finds the built-in groups.
        title: String, shown in tables and figures.
        generators: Sequence of 3×3 signed permutation matrices, which act on centred
            (depth, height, width) coordinates.

    Attributes:
        volume_elements: List of `VolumeElement`, all products of the generators.
        elements: List of their 3×3 matrices, of integers.

    Raises:
        ValueError: If a generator is no such matrix, or there is none but the identity.

    Example:

    >>> rotations = get_volume_group("o")
    >>> rotations.order, rotations.element_titles[1]
    (24, 'rotated by 90° about depth')
    >>> in_plane = VolumeGroup("c4z", "C4", [rotations.elements[1]])
    >>> in_plane.order, in_plane.exchanged
    (4, ((0,), (1, 2)))

    Reference:

    - [Winkels & Cohen, 2018](https://arxiv.org/abs/1804.04656)
    - [Worrall & Brostow, 2018](https://arxiv.org/abs/1804.04458)
    """

    def __init__(self, name: str, title: str, generators: Sequence[ArrayLike]) -> None:
        self.name = name
        self.title = title
        found = [element_of(number, each) for number, each in enumerate(generators)]
        # There are 48 elements at most.
        self.volume_elements = closed(IDENTITY, found, lambda *_: None)
        super().__init__(self.volume_elements)
        if self.is_trivial:
            raise ValueError(
                "`generators` must be others than the identity: translations alone are "
                f"those of TranslationConvTeacher. Received: generators={generators}"
            )
        self.elements = [element.matrix for element in self.volume_elements]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VolumeGroup) or self.name != other.name:
            return False
        return self.volume_elements == other.volume_elements

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<VolumeGroup {self.name}, order {self.order}>"

    @cached_property
    def exchanged(self) -> tuple[tuple[int, ...], ...]:
        """Tuple of tuples of axes that elements exchange with each other: along these,
        volumes must be equally long.

        Example:

        >>> get_volume_group("oh").exchanged, get_volume_group("d2h").exchanged
        (((0, 1, 2),), ((0,), (1,), (2,)))
        """
        orbits = {
            tuple(sorted({element.axes[axis] for element in self.volume_elements}))
            for axis in range(3)
        }
        return tuple(sorted(orbits))

    @cached_property
    def reversed_axes(self) -> tuple[int, ...]:
        """Tuple of the axes that elements reverse: along these, the receptive fields of
        a convolution must be centred.

        Example:

        >>> [VOLUME_GROUPS[name].reversed_axes for name in ("o", "flip3d")]
        [(0, 1, 2), (2,)]
        """
        signs = np.array([element.signs for element in self.volume_elements])
        return tuple(np.flatnonzero(np.any(signs < 0, axis=0)).tolist())

    def check_size(self, size: Sequence[int | None], received: str) -> None:
        """Refuses sizes that differ along axes which the group exchanges.

        Args:
            size: Sequence of three integers, `None` where one is not known.
            received: String, what was received, for the message.

        Raises:
            ValueError: If the group does not act on volumes of this size.
        """
        for axes in self.exchanged:
            if len({size[axis] for axis in axes} - {None}) > 1:
                *first, last = (AXES[axis] for axis in axes)
                raise ValueError(
                    f"{self.title} exchanges {', '.join(first)} and {last}, along "
                    f"which sizes must be equal; with {BOXES} they may differ. "
                    f"Received: {received}"
                )

    def volume_permutations(self, size: int | tuple[int, ...]) -> Array:
        """The voxel that each voxel of a transformed volume comes from.

        `(g·x).ravel() == x.ravel()[volume_permutations(size)[g]]` for every element
        `g` and every volume `x` of shape `(depth, height, width)`.

        Args:
            size: Integer or triple of integers, in voxels.

        Returns:
            Integer array of shape `(|G|, depth·height·width)`.

        Raises:
            ValueError: If the group does not act on such volumes.

        Example:

        >>> get_volume_group("flip3d").volume_permutations((1, 1, 3))
        array([[0, 1, 2],
               [2, 1, 0]])
        """
        sizes = integers_along_axes("size", size, 3)
        self.check_size(sizes, f"size={size}")
        voxels = np.arange(np.prod(sizes)).reshape(1, *sizes)
        moved = [element.transform(voxels) for element in self.volume_elements]
        return np.stack(moved).reshape(self.order, -1)

    def kernel_permutations(self, size: int | tuple[int, ...], lifting: bool) -> Array:
        """The entry that each entry of a transformed kernel comes from.

        The kernel of a lifting convolution transforms like a volume, that of a group
        convolution like a feature map: entry `[v, g]` of `h·ψ` is `ψ[h⁻¹v, h⁻¹g]`.

        Args:
            size: Integer or triple of integers, that of the kernel.
            lifting: Boolean, whether the kernel is that of a lifting convolution,
                without an axis for the regular representation.

        Returns:
            Integer array of shape `(|G|, k³)` if lifting, else `(|G|, k³·|G|)`.

        Raises:
            ValueError: If the group does not act on such kernels.

        Example:

        >>> get_volume_group("oh").kernel_permutations(3, lifting=False).shape
        (48, 1296)
        """
        positions = self.volume_permutations(size)
        return positions if lifting else self.joint_permutations(positions)

    def transform(self, inputs: ArrayLike, element: int) -> Array:
        """Transforms a batch of volumes or feature maps by one element.

        Args:
            inputs: Array of shape `(batch, depth, height, width, channels)`, volumes,
                or `(batch, depth, height, width, |G|, channels)`, feature maps.
            element: Integer, index of the element in `elements`.

        Returns:
            Array of the same shape: `(s·f)[u, h] = f[s⁻¹u, s⁻¹h]`.

        Raises:
            ValueError: If the group does not act on inputs of this shape.

        Example:

        >>> volumes = np.random.default_rng(0).normal(size=(2, 5, 4, 4, 1))
        >>> quarter = VolumeGroup("c4z", "C4", [get_volume_group("o").elements[1]])
        >>> turned = np.rot90(volumes, axes=(2, 3))
        >>> np.array_equal(quarter.transform(volumes, 1), turned)
        True
        """
        inputs = np.asarray(inputs)
        self.check_inputs(inputs.shape)
        if inputs.ndim == 6:
            inputs = inputs[..., self.representation_permutation(element), :]
        return self.volume_elements[element].transform(inputs)

    def check_inputs(
        self, shape: Sequence[int | None], lifting: bool | None = None
    ) -> bool:
        """Refuses what are neither volumes nor feature maps that the group acts on.

        Args:
            shape: Sequence, that of a batch of inputs, `None` where it is not known.
            lifting: Boolean, whether they have to be volumes; `None` if both are
                accepted.

        Returns:
            Boolean, whether they are volumes.

        Raises:
            ValueError: If they are neither, or not what they have to be.

        Example:

        >>> get_volume_group("oh").check_inputs((None, 8, 8, 8, 48, 2))
        False
        """
        are_features = len(shape) == 6 and shape[4] == self.order
        grid = "(batch, depth, height, width"
        kinds = {
            True: f"volumes, {grid}, channels)",
            False: f"feature maps, {grid}, {self.order}, channels)",
        }
        accepted = {kind: kinds[kind] for kind in kinds if lifting in (None, kind)}
        option = "" if lifting is None else f" with lifting={lifting}"
        is_volume = len(shape) == 5
        if not (is_volume or are_features) or is_volume not in accepted:
            raise ValueError(
                f"{self.title}{option} takes {', or '.join(accepted.values())}. "
                f"Received: inputs of shape {tuple(shape)}"
            )
        self.check_size(shape[1:4], f"inputs of shape {tuple(shape)}")
        return not are_features


_QUARTERS = (((1, 0, 0), (0, 0, -1), (0, 1, 0)), ((0, 0, 1), (0, 1, 0), (-1, 0, 0)))
_MIRRORS = tuple(np.diag(signs) for signs in ((1, 1, -1), (1, -1, 1), (-1, 1, 1)))
_INVERSION = np.diag((-1, -1, -1))

VOLUME_GROUPS = {
    group.name: group
    for group in (
        VolumeGroup("flip3d", "Flip3D", _MIRRORS[:1]),
        VolumeGroup("d2h", "D2h", _MIRRORS),
        VolumeGroup("o", "O", _QUARTERS),
        VolumeGroup("oh", "Oh", (*_QUARTERS, _INVERSION)),
    )
}
"""Groups of volumes by their names."""


def get_volume_group(group: str | VolumeGroup) -> VolumeGroup:
    """Returns the group of volumes with a given name; a `VolumeGroup` is returned
    unchanged.

    `"flip3d"` has reflections along the width, `"d2h"` those along all three axes and
    their products, `"o"` the 24 rotations of the cube, and `"oh"` these and
    reflections, 48 elements.

    Args:
        group: String, as `"oh"`, or a `VolumeGroup`.

    Raises:
        ValueError: If there is no group of volumes of this name.

    Example:

    >>> get_volume_group("oh")
    <VolumeGroup oh, order 48>
    >>> get_volume_group("d2h").element_titles[1:4:2]
    ('reflected along width', 'rotated by 180° about depth')
    """
    if isinstance(group, VolumeGroup):
        return group
    one_of("group", group, VOLUME_GROUPS)
    return VOLUME_GROUPS[group]
