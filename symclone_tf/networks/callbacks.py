"""A callback that records equivariance while a network trains."""

import warnings
from typing import Any

import keras

from symclone_tf.layers import Deviation
from symclone_tf.networks.convolutions import deviations
from symclone_tf.networks.layer_equivariance import layer_errors
from symclone_tf.networks.network_equivariance import (
    NetworkEquivariance,
    network_error,
)
from symclone_tf.symmetry import PermutationGroup, PointGroup, VolumeGroup
from symclone_tf.symmetry.transformation_sets import group_of_any
from symclone_tf.types import ArrayLike


class EquivarianceErrors(keras.callbacks.Callback):
    """Records the equivariance error of a model, and of each of its convolutions.

    Before training and after each epoch, `equivariance_error` is computed for every
    `Conv2D`, `SeparableConv2D`, `Conv2DTranspose`, `GroupConv2D`, `OrbitDense` and
    clone of the model, on the inputs that reach it when the model is called with
    `inputs`; with `"t2"` also for convolutions along one axis and three, and their
    clones, under translations along their axes; and with a group of volumes for
    `Conv3D`, `GroupConv3D` and their clones. The errors are added to the epoch's
    logs, as `equivariance_error/conv_1`. So they are in the history and, with
    `keras.callbacks.TensorBoard` after this callback in the list, in TensorBoard.

    That of the whole model is added as `equivariance_error`, and the share of inputs
    whose class changes under the group as `changed_classes`, see `network_error`:
    every convolution may be equivariant, and what is between them not, as a pooling
    that leaves the last row out. What is not defined is left out with a warning.

    For anchored layers it also records the deviation from the cloned weights, and adds
    its norm to the logs, as `deviation/conv_1`. `sc.figures.draw_equivariance` draws
    the history, and `teacher_deviations` compares clones of all kinds with their
    teachers.

    Args:
        inputs: Array of images, `(batch, height, width, channels)`, or of other inputs
            of the model, `(batch, positions, channels)`.
        group: String, as `"t2"`, `"c4"`, or of volumes `"oh"`; or a `PermutationGroup`.
            Layers of the latter declare its action on their outputs; for other layers
            it is that on their inputs.
        max_translation: Integer, the largest translation of T(2), in pixels.

    Attributes:
        history: Dictionary from layer names to lists of errors, the first from before
            training.
        network: List of `NetworkEquivariance` of the whole model, likewise.
        deviations: Dictionary from the names of anchored layers to lists of
            `Deviation`s, likewise.

    Example:

    >>> conv = GroupConv2D(2, 3, "c4", name="conv_1")
    >>> pool = keras.layers.GlobalAveragePooling3D()
    >>> model = keras.Sequential([conv, pool, keras.layers.Dense(2, "softmax")])
    >>> model.compile("adam", "sparse_categorical_crossentropy")
    >>> images = keras.random.normal((8, 9, 9, 1))
    >>> errors = EquivarianceErrors(images, "c4")
    >>> labels = keras.ops.arange(8) % 2
    >>> history = model.fit(images, labels, callbacks=[errors], verbose=0)
    >>> history.history["equivariance_error/conv_1"][0] < 1e-5
    True
    >>> history.history["equivariance_error"][0] < 1e-5
    True
    """

    def __init__(
        self,
        inputs: ArrayLike,
        group: str | PointGroup | VolumeGroup | PermutationGroup,
        max_translation: int = 2,
    ):
        super().__init__()
        self.inputs = keras.ops.convert_to_numpy(inputs)
        self.group = group_of_any(group)
        self.max_translation = max_translation
        self.history: dict[str, list[float]] = {}
        self.network: list[NetworkEquivariance] = []
        self.deviations: dict[str, list[Deviation]] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.history, self.network, self.deviations = {}, [], {}
        self._record()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        found = self._record()
        if logs is not None:
            logs.update(found)

    def _record(self) -> dict[str, float]:
        """Measures, adds to the histories, and returns the logs."""
        options = self.inputs, self.group, self.max_translation
        logs: dict[str, float] = {}
        for name, error in layer_errors(self.model, *options).items():
            self.history.setdefault(name, []).append(error)
            logs[f"equivariance_error/{name}"] = error
        try:
            whole = network_error(self.model, *options)
        except ValueError as error:
            warnings.warn(f"The network is not measured: {error}", stacklevel=2)
        else:
            self.network.append(whole)
            logs["equivariance_error"] = whole.equivariance_error
            if whole.changed_classes is not None:
                logs["changed_classes"] = whole.changed_classes
        for name, deviation in deviations(self.model).items():
            self.deviations.setdefault(name, []).append(deviation)
            logs[f"deviation/{name}"] = deviation.norm
        return logs
