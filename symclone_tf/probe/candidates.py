"""The networks of a probe, which assume, may break, lack, or learn a symmetry."""

import dataclasses
import itertools
import math
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from symclone_tf.checks import one_of, positive_pair
from symclone_tf.cloning import Training
from symclone_tf.data.images import Images
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.network_layouts import (
    kernel_size_of,
    network_students,
    sizes_of,
)
from symclone_tf.networks import convolution_layers
from symclone_tf.probe.augmentation import (
    KINDS as AUGMENTED,
)
from symclone_tf.probe.augmentation import (
    augmentation_layers,
    augmentation_of,
    kind_of,
)
from symclone_tf.students import Student
from symclone_tf.students.regions import check_regions_option
from symclone_tf.symmetry import get_group
from symclone_tf.workspace import Workspace, load_or_clone

STUDENTS = ("local", "regional")
KINDS = ("assumed", "may break", "without", *AUGMENTED)
# Of a network under T(2); others are narrower, so that all have as many weights.
WIDTH = 2.0
# The share of transformed inputs with which layers stay close to the symmetry unless
# labels contradict it.
SHARE = 0.5
# Linear blocks need no training, so that clones cost seconds.
EXACTLY = Training(solver="closed-form")


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One network of a probe.

    Attributes:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`.
        kind: String. `"assumed"`: group convolutions; under T(2) those of Keras, so
            that it is an ordinary CNN. `"may break"`: their clones, anchored, which
            start equivariant. `"without"`: trainable clones of T(2), whose kernels
            differ at random from position to position, or from region to region; for
            T(2) only. `"with RandomFlip"` and the like: an ordinary CNN behind Keras'
            layers of augmentation; for T(2) only.
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
    def has_clones(self) -> bool:
        """Whether the network is made of clones, rather than of what they clone."""
        return self.kind in ("may break", "without")

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
        """Clones of the network's convolutions, solved for where they are missing.

        Args:
            images: `Images`.
            workspace: `Workspace`, the folder of clones, to which those that are
                missing are added; `None` for the default.

        Returns:
            List of `Student`, none for networks without clones.
        """
        if not self.has_clones:
            return []
        wanted = network_students(
            self.group,
            images.size,
            student=self.student,
            regions=self.regions,
            seed=0,
            dtype="float32",
        )
        workspace = Workspace.of(workspace)
        return load_or_clone(wanted, workspace.clones, workspace.verbose, EXACTLY)

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
        options: dict[str, Any] = {}
        if self.kind == "may break":
            options = {"symmetry": "anchored", "anchor_strength": SHARE}
        if self.kind == "without":
            options = {"symmetry": "trainable"}
        plain = "cnn" if get_group(self.group).is_trivial else "gcnn"
        model = image_network(
            "cloned" if self.has_clones else plain,
            self.group,
            len(images.class_names),
            images.size,
            students or None,
            seed=seed,
            channels=images.channels,
            width=self.width,
            **options,
        )
        if self.kind == "without":
            rotate_kernels(model, seed)
        augmentation = augmentation_layers(self.kind, seed)
        if not augmentation:
            return model
        shown = keras.Input(model.input_shape[1:], name="image")
        return keras.Sequential([shown, *augmentation, *model.layers])


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


def check_sizes(groups: Iterable[str], size: int) -> None:
    """Refuses images that are too small for the networks of a group.

    Args:
        groups: Strings.
        size: Integer, height and width of the images in pixels.

    Raises:
        ValueError: If the network of a group does not fit.
    """
    for group in groups:
        kernel = kernel_size_of(group)
        if not _fits(size, kernel):
            least = next(n for n in itertools.count(size) if _fits(n, kernel))
            raise ValueError(
                f"`image_size` must be at least {least} for {get_group(group).title}, "
                f"which is one of `groups`. Received: images of {size}×{size} pixels"
            )


def _fits(size: int, kernel: int) -> bool:
    """Whether the last pooling of a network gets two pixels or more."""
    try:
        return sizes_of(size, kernel, "valid")[-1] - kernel + 1 >= 2
    except ValueError:
        return False


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
        may break it, and those that these are compared with, see `baseline` and
        `augmented`.

    Example:

    >>> [candidate.title for candidate in candidates_of(["c4"])]
    ['T(2) assumed', 'T(2) with RandomRotation', 'C4 assumed', 'C4 may break']
    """
    groups = list(groups)
    found = [Candidate(group, kind) for group in groups for kind in KINDS[:2]]
    others = [f(group) for group in groups for f in (baseline, augmented)]
    first = [each for each in others if each and each not in found]
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


def augmented(group: str) -> Candidate | None:
    """The ordinary CNN that learns a symmetry by augmentation.

    It has as many weights as those that assume the symmetry, and the same initial ones
    as that under T(2) without augmentation.

    Args:
        group: String.

    Returns:
        `Candidate`; `None` for translations. Groups whose augmentation is the same
        share one.

    Example:

    >>> augmented("d4").title, augmented("c2") == augmented("c8")
    ('T(2) with RandomFlip, RandomRotation', True)
    """
    layers = augmentation_of(group)
    return Candidate("t2", kind_of(layers)) if layers else None


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
        weights.assign(
            rotations.astype("float32") @ keras.ops.convert_to_numpy(weights)
        )
