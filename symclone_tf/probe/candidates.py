"""The networks of a probe, which assume a symmetry, may break it, or lack it."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from symclone_tf.checks import one_of, positive_pair
from symclone_tf.data.images import Images
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.network_layouts import network_students
from symclone_tf.networks import convolution_layers
from symclone_tf.students import Student
from symclone_tf.students.regions import check_regions_option
from symclone_tf.symmetry import get_group
from symclone_tf.workspace import Workspace, load_or_clone

STUDENTS = ("local", "regional")
KINDS = ("assumed", "may break", "without")
# Of a network under T(2); others are narrower, so that all have as many weights.
WIDTH = 2.0
# The share of transformed inputs with which layers stay close to the symmetry unless
# labels contradict it.
SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One network of a probe.

    Attributes:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`.
        kind: String. `"assumed"`: frozen clones, which are equivariant.
            `"may break"`: anchored clones, which start equivariant.
            `"without"`: the same layers as trainable clones of T(2), whose kernels
            differ at random from position to position, or from region to region; for
            T(2) only.
        student: String, the kind of the clones, `"local"` or `"regional"`.
        regions: Pair of integers, of regional clones; `None` for their default.
    """

    group: str
    kind: str
    student: str = "local"
    regions: tuple[int, int] | None = None

    @property
    def title(self) -> str:
        """The name in tables and figures.

        Example:

        >>> Candidate("c4", "may break").title
        'C4 may break'
        """
        return f"{get_group(self.group).title} {self.kind}"

    @property
    def width(self) -> float:
        """What the numbers of filters of the network are multiplied with.

        Between two layers of features on a group there are |G| weights where a
        convolution has one: with √|G| times fewer filters, both have as many.
        """
        return WIDTH / math.sqrt(get_group(self.group).order)

    def students(
        self, images: Images, workspace: Workspace | None = None
    ) -> list[Student]:
        """Clones of the network's convolutions.

        Args:
            images: `Images`.
            workspace: `Workspace`, the folder of clones, to which those that are
                missing are added; `None` for the default.

        Returns:
            List of `Student`.
        """
        wanted = network_students(
            self.group,
            images.size,
            student=self.student,
            regions=self.regions,
            seed=0,
            dtype="float32",
        )
        workspace = Workspace.of(workspace)
        return load_or_clone(wanted, workspace.clones, workspace.verbose)

    def network(
        self, images: Images, workspace: Workspace | None = None, seed: int = 0
    ) -> keras.Model:
        """Builds the network, not yet trained.

        Args:
            images: `Images`, whose size, channels and classes the network has.
            workspace: `Workspace`, the folder of clones; `None` for the default.
            seed: Integer, of the initial weights.

        Returns:
            `keras.Model`.
        """
        one_of("kind", self.kind, KINDS)
        students = self.students(images, workspace)
        options: dict[str, Any] = {"symmetry": "frozen"}
        if self.kind == "may break":
            options = {"symmetry": "anchored", "anchor_strength": SHARE}
        if self.kind == "without":
            options = {"symmetry": "trainable"}
        model = image_network(
            "cloned",
            self.group,
            len(images.class_names),
            images.size,
            students,
            seed=seed,
            channels=images.channels,
            width=self.width,
            **options,
        )
        if self.kind == "without":
            rotate_kernels(model, seed)
        return model


def regions_of_clones(student: str, regions: Any) -> tuple[int, int] | None:
    """Checks the kind of a probe's clones.

    Args:
        student: String, see `Candidate`.
        regions: Integer or pair of integers, or `None`.

    Returns:
        Pair of integers, or `None`.

    Raises:
        ValueError: If one is not accepted, or regions are given for other students.
    """
    one_of("student", student, STUDENTS)
    regions = check_regions_option(regions, student)
    if regions is None:
        return None
    rows, columns = positive_pair("regions", regions)
    if rows * columns == 1:
        raise ValueError(
            "`regions` must be more than one, which is a convolution and cannot break "
            f"translations. Received: regions={regions}"
        )
    return rows, columns


def candidates_of(
    groups: Iterable[str],
    student: str = "local",
    regions: tuple[int, int] | None = None,
) -> list[Candidate]:
    """All networks that show whether images have some symmetries.

    Args:
        groups: Strings.
        student: String, of `Candidate`.
        regions: Pair of integers or `None`, likewise.

    Returns:
        List of `Candidate`: for each group one that assumes the symmetry and one that
        may break it, and those that these are compared with, see `baseline`.

    Example:

    >>> [candidate.title for candidate in candidates_of(["c4"])]
    ['T(2) assumed', 'C4 assumed', 'C4 may break']
    """
    groups = list(groups)
    found = [Candidate(group, kind) for group in groups for kind in KINDS[:2]]
    baselines = [baseline(group) for group in groups]
    first = [candidate for candidate in baselines if candidate not in found]
    every = dict.fromkeys([*first, *found])
    return [dataclasses.replace(c, student=student, regions=regions) for c in every]


def baseline(group: str) -> Candidate:
    """The network without a symmetry, that those with it are compared with.

    Networks that assume rotations or reflections assume translations too: without
    the former, a network is one under T(2). Without translations, it has the same
    layers with another kernel at every position.

    Args:
        group: String.

    Returns:
        `Candidate`.

    Example:

    >>> baseline("c4").title, baseline("t2").title
    ('T(2) assumed', 'T(2) without')
    """
    if get_group(group).is_trivial:
        return Candidate(group, "without")
    return Candidate("t2", "assumed")


def rotate_kernels(model: keras.Model, seed: int) -> None:
    """Multiplies the kernel of each position or region by a random orthogonal matrix.

    The network then starts without any symmetry, while its outputs stay as large as
    they were, and learning rates fit.

    Args:
        model: `keras.Model` of local or regional, trainable clones.
        seed: Integer.
    """
    rng = np.random.default_rng(seed)
    for layer in convolution_layers(model):
        (weights,) = layer.student.block_weights
        positions, entries, _ = weights.shape
        # Orthogonal factors of normal matrices are uniform.
        rotations, _ = np.linalg.qr(rng.normal(size=(positions, entries, entries)))
        weights.assign(rotations.astype("float32") @ weights.numpy())
