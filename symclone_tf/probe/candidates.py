"""The networks of a probe: what assumes a symmetry, may leave it, or lacks it."""

import dataclasses
import math

import keras
import numpy as np

from symclone_tf.checks import one_of
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.network_layouts import network_students
from symclone_tf.networks import convolution_layers
from symclone_tf.students import Student
from symclone_tf.symmetry import get_group
from symclone_tf.workspace import Workspace, load_or_clone

KINDS = ("assumed", "may leave", "without")
# Of a network under T(2); others are narrower, so that all have as many weights.
WIDTH = 2.0
# A share with which all layers of a network keep what labels do not speak against.
SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One network of a probe.

    Attributes:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        kind: String. `"assumed"`: frozen clones, which have the symmetry.
            `"may leave"`: anchored clones, all of which start from it.
            `"without"`: the same layers as trainable clones of T(2), whose kernels
            differ at random from place to place; for T(2) only.
    """

    group: str
    kind: str

    @property
    def title(self) -> str:
        """What tables and figures show.

        Example:

        >>> Candidate("c4", "may leave").title
        'C4 may leave'
        """
        return f"{get_group(self.group).title} {self.kind}"

    @property
    def width(self) -> float:
        """What the filters of the network are multiplied with.

        Between two layers of features on a group are |G| weights where a convolution
        has one: with √|G| times fewer filters, both have as many.
        """
        return WIDTH / math.sqrt(get_group(self.group).order)

    def students(self, images, workspace=None) -> list[Student]:
        """Local clones of its convolutions, made where they are missing.

        Args:
            images: `Images`.
            workspace: `Workspace`, the folder of clones; `None` for the default.
        """
        wanted = network_students(
            self.group, images.size, student="local", seed=0, dtype="float32"
        )
        workspace = Workspace.of(workspace)
        return load_or_clone(wanted, workspace.clones, workspace.verbose)

    def network(self, images, workspace=None, seed=0) -> keras.Model:
        """The network, not yet trained.

        Args:
            images: `Images`, whose size, channels and classes it takes.
            workspace: `Workspace`, the folder of clones; `None` for the default.
            seed: Integer, of the initial weights.

        Returns:
            `keras.Model`.
        """
        one_of("kind", self.kind, KINDS)
        students = self.students(images, workspace)
        options = {"symmetry": "frozen"}
        if self.kind == "may leave":
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
            forget(model, seed)
        return model


def candidates_of(groups) -> list[Candidate]:
    """All networks that tell whether images have some symmetries.

    Args:
        groups: List of strings.

    Returns:
        List of `Candidate`: of each group one that assumes it and one that may
        leave it, and what these are compared with, see `without`.

    Example:

    >>> [candidate.title for candidate in candidates_of(["c4"])]
    ['T(2) assumed', 'C4 assumed', 'C4 may leave']
    """
    found = [Candidate(group, kind) for group in groups for kind in KINDS[:2]]
    lacking = [without(group) for group in groups]
    first = [candidate for candidate in lacking if candidate not in found]
    return list(dict.fromkeys([*first, *found]))


def without(group) -> Candidate:
    """The network that differs in lacking a symmetry.

    Networks that assume turns or mirrors assume shifts too: of these, what lacks
    them is a network under T(2). What lacks shifts has the same layers, with another
    kernel at every place.

    Args:
        group: String.

    Example:

    >>> without("c4").title, without("t2").title
    ('T(2) assumed', 'T(2) without')
    """
    if get_group(group).is_trivial:
        return Candidate(group, "without")
    return Candidate("t2", "assumed")


def forget(model, seed) -> None:
    """Turns the kernel at every place by a rotation of its own, of kernel entries.

    So nothing of the symmetry is left to start from, while the outputs keep the size
    that they had, and training its rates.

    Args:
        model: `keras.Model` of local, trainable clones.
        seed: Integer.
    """
    rng = np.random.default_rng(seed)
    for layer in convolution_layers(model):
        weights = layer.student.local_weights
        positions, seen, _ = weights.shape
        # Of random normal matrices, the orthogonal factors are uniform.
        turns, _ = np.linalg.qr(rng.normal(size=(positions, seen, seen)))
        weights.assign(turns.astype("float32") @ weights.numpy())
