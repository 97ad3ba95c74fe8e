"""All that is measured to illustrate a trained network on images of one's own."""

import dataclasses
import re
import warnings
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from symclone_tf.networks import (
    NetworkEquivariance,
    layer_errors,
    network_error,
    teacher_deviations,
    teacher_errors,
)
from symclone_tf.studies.network_maps import ImageMaps, layer_maps
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.types import ArrayLike

# Errors that exceed the teacher's own by less are none: far above float32's floor.
EQUIVARIANT = 1e-4


@dataclasses.dataclass(frozen=True)
class NetworkStudy:
    """What `study_network` has measured.

    Attributes:
        name: String, the network's, of which files are named.
        group: `PointGroup`.
        images: Array of shape `(count, height, width, channels)`, as the network takes
            them.
        maps: `ImageMaps` of the first image; `None` under T(2), or if no layer has any.
        errors: Dictionary from layer names to equivariance errors on all images.
        own: Dictionary from layer names to the teachers' own errors, where
            transformations interpolate, see `sc.networks.teacher_errors`.
        whole: `NetworkEquivariance`, of the whole network; `None` if it is not defined.
        deviations: Dictionary, see `sc.networks.teacher_deviations`.
        history: Dictionary from layer names to errors during training, of which
            `"whole network"` is none; empty if they are not known.
        points: Tuple of strings, what these errors are of; `None` for epochs.
        notes: List of strings, what is not measured, and why.

    Example:

    >>> layers = [keras.Input((9, 9, 1)), keras.layers.Conv2D(2, 3, name="conv")]
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1))
    >>> study = study_network(keras.Sequential(layers), images, "c4")
    >>> study.broken, study.preserved
    (['conv'], [])
    """

    name: str
    group: PointGroup
    images: np.ndarray
    maps: ImageMaps | None
    errors: dict[str, float]
    own: dict[str, float]
    whole: NetworkEquivariance | None
    deviations: dict[str, np.ndarray]
    history: dict[str, list[float]]
    points: tuple[str, ...] | None
    notes: list[str]

    @property
    def broken(self) -> list[str]:
        """The layers whose errors exceed their teacher's own."""
        return [name for name in self.errors if name not in self.preserved]

    @property
    def preserved(self) -> list[str]:
        """The layers whose errors do not exceed their teacher's own."""
        return [
            name
            for name, error in self.errors.items()
            if error < self.own.get(name, 0.0) + EQUIVARIANT
        ]


def study_network(
    model: keras.Model,
    images: ArrayLike,
    group: str | PointGroup = "c4",
    name: str = "network",
    history: Mapping[str, Sequence[float]] | None = None,
    points: Sequence[str] | None = None,
) -> NetworkStudy:
    """Measures where a trained network breaks a symmetry, on images of one's own.

    Nothing is cloned or trained.

    Args:
        model: `keras.Model`, of any kind, with one input.
        images: Array of shape `(count, height, width, channels)`, as the model takes
            them, from 0 to 1.
        group: String or `PointGroup`, see `sc.symmetry.get_group`.
        name: String, the network's.
        history: Dictionary, as `EquivarianceErrors.history`; `None` if it is not known.
        points: Sequence of strings, what its errors are of; `None` for epochs.

    Returns:
        `NetworkStudy`.

    Raises:
        ValueError: If an argument is not accepted, or the model has no convolutions.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c4")])
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1))
    >>> study_network(model, images, "c4").broken
    []
    """
    group, images = get_group(group), np.asarray(images, "float32")
    if images.ndim != 4 or not len(images):
        raise ValueError(
            "`images` must have the shape (count, height, width, channels). "
            f"Received: images of shape {images.shape}"
        )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        errors = layer_errors(model, images, group)
        maps = _maps(model, images[0], group)
    notes = [str(one.message) for one in said if one.category is UserWarning]
    return NetworkStudy(
        re.sub(r"[^\w.-]+", "-", name),
        group,
        images,
        maps,
        errors,
        teacher_errors(model, images, group),
        _whole(model, images, group, notes),
        teacher_deviations(model),
        {layer: list(values) for layer, values in (history or {}).items()},
        None if points is None else tuple(points),
        list(dict.fromkeys(notes)),
    )


def _maps(model, image, group) -> ImageMaps | None:
    try:
        return layer_maps(model, image, group)
    except ValueError as error:
        warnings.warn(f"Layer maps are not drawn: {error}", stacklevel=2)
        return None


def _whole(model, images, group, notes) -> NetworkEquivariance | None:
    try:
        return network_error(model, images, group)
    except ValueError as error:
        notes.append(f"The network is not measured: {error}")
        return None
