"""Networks alike but for their convolutions: plain, of groups, and clones of these."""

import copy
import dataclasses
import functools
import math

import keras
from keras import layers

import symclone_tf as sc
from benchmarks.any_angle.layout import FIELDS, KERNEL, POOLED, sizes_of, widths

# Over plane and group, as Keras' layers are named.
AVERAGE, MAXIMUM = "Average", "Max"
# What is trained beside group convolutions.
CONV, GROUP_CONV = "Conv2D", "GroupConv2D"
FROZEN = "clones, frozen"
ANCHORED = "clones, last anchored"
ALL_ANCHORED = "clones, anchored"
_SYMMETRIES = {
    FROZEN: ("frozen",) * len(FIELDS),
    ANCHORED: ("frozen",) * (len(FIELDS) - 1) + ("anchored",),
    ALL_ANCHORED: ("anchored",) * len(FIELDS),
}


@dataclasses.dataclass(frozen=True)
class Network:
    """What is compared.

    Attributes:
        title: String.
        kind: String, `CONV`, `GROUP_CONV`, or one of the clones.
        group: String; `None` for plain convolutions.
        augmentation: Tuple of calls that make Keras' layers of augmentation.
    """

    title: str
    kind: str
    group: str | None = None
    augmentation: tuple = ()

    def make(self, shape, classes, seed, pooling=AVERAGE) -> keras.Model:
        """The network, not yet trained.

        Three convolutions of 5×5 pixels, each with batch normalisation and ReLU, a
        2×2 max pooling after the first, whose windows are centred; the average, or the
        maximum, over plane and group, and Dense.

        Args:
            shape: Tuple of integers, of the images.
            classes: Integer.
            seed: Integer, of the initial weights.
            pooling: String, `AVERAGE` or `MAXIMUM`.
        """
        keras.utils.set_random_seed(seed)
        body = []
        for index, (size, filters) in enumerate(
            zip(sizes_of(shape[0]), widths(self.group))
        ):
            body += [
                self._conv(index, size, filters),
                layers.BatchNormalization(momentum=0.9),
                layers.ReLU(),
            ]
            if index in POOLED:
                body.append(sc.layers.CentredMaxPooling2D(2))
        pooled = f"Global{pooling}Pooling{3 if self.group else 2}D"
        return keras.Sequential(
            [
                keras.Input(shape),
                *(make() for make in self.augmentation),
                *body,
                getattr(layers, pooled)(),
                layers.Dense(classes, "softmax"),
            ]
        )

    def _conv(self, index, size, filters):
        if self.kind == CONV:
            return layers.Conv2D(filters, KERNEL, use_bias=False)
        if self.kind == GROUP_CONV:
            return sc.GroupConv2D(filters, KERNEL, self.group, use_bias=False)
        return sc.ClonedConv2D(
            filters,
            copy.deepcopy(_student(self.group, size, index == 0)),
            _SYMMETRIES[self.kind][index],
            use_bias=False,
        )


@functools.cache
def _student(group, size, lifting):
    teacher = sc.ConvTeacher(group, size, KERNEL, lifting=lifting)
    student, _ = sc.clone(teacher, student="local", solver="closed-form", verbose=0)
    return student


def weights(model) -> int:
    """The number of weights that are trained."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def random_rotation():
    """Rotations by any angle."""
    return layers.RandomRotation(0.5, fill_mode="constant")


def random_flip():
    """Reflections from left to right, and from top to bottom."""
    return layers.RandomFlip("horizontal_and_vertical")


def random_mirror():
    """Reflections from left to right."""
    return layers.RandomFlip("horizontal")


def of_groups(*groups) -> list[Network]:
    """Networks of group convolutions."""
    return [Network(_title(group), GROUP_CONV, group) for group in groups]


def clones(group, *kinds) -> list[Network]:
    """Networks of clones."""
    return [Network(f"{_title(group)} {kind}", kind, group) for kind in kinds]


def _title(group) -> str:
    return group if group == "flip" else group.upper()
