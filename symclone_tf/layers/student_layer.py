"""Layers that compute with a student: how training treats it, how far it deviates."""

import dataclasses
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.layers.anchors import penalty
from symclone_tf.layers.decoupled_anchors import DecoupledAnchor
from symclone_tf.layers.shared_students import set_trainable_part, trained_weights
from symclone_tf.students import Student
from symclone_tf.types import Array, Tensor


@dataclasses.dataclass(frozen=True)
class Deviation:
    """How far a layer's student deviates from its cloned weights, and where.

    Attributes:
        positions: Array of shape `(positions_out,)`: for each output position, the
            norm of the change of the blocks' weights, relative to all of them.
        elements: Array of shape `(representation_in, representation_out)`: for each
            pair of group elements, the norm of the change of the encoder, relative to
            all of it.

    Example:

    >>> deviation = Deviation(np.array([0.3, 0.0, 0.4]), elements=np.zeros((1, 1)))
    >>> int(deviation.positions.argmax())  # the position that deviates furthest
    2
    >>> round(deviation.norm, 6)
    0.5
    """

    positions: np.ndarray
    elements: np.ndarray

    @property
    def norm(self) -> float:
        """The norm over all positions and pairs of elements."""
        parts = (self.positions, self.elements)
        return float(np.sqrt(sum(np.sum(np.square(part)) for part in parts)))


class StudentLayer:
    """Mixin of layers that compute with a student.

    Attributes:
        student: `Student`.
        symmetry: String, how training treats the student.
        trainable_part: String, what training may change of it.
        anchor: String, how it is regularised.
        anchor_strength: Float.
        compute: String, `"auto"` or `"blocks"`.
        anchors: List of variables, the cloned values of the weights that are
            regularised; empty unless the layer is anchored and built.
    """

    student: Student
    symmetry: str
    trainable_part: str
    anchor: str
    anchor_strength: float
    compute: str
    anchors: list[Tensor]

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer, and its student unless it is frozen."""
        return super().trainable  # type: ignore[misc]

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, value)
        # `model.trainable = True` reaches all layers; a frozen part stays frozen.
        if hasattr(self, "student"):
            set_trainable_part(self)

    @property
    def treatment(self) -> tuple:
        """What layers that share a student have to agree on."""
        if self.symmetry == "frozen":
            return (self.symmetry,)
        trainable_part = () if self.trainable_part == "all" else (self.trainable_part,)
        if self.symmetry == "trainable":
            return (self.symmetry, *trainable_part)
        return (self.symmetry, *trainable_part, self.anchor, self.anchor_strength)

    def computes_as(self) -> str:
        """How the layer computes, see `compute`.

        Returns:
            String, `"convolution"` or `"blocks"`. If a layer whose blocks are not
            trained computes as blocks, `student.translation_equivariance().reason`
            says why.
        """
        trains_blocks = self.symmetry != "frozen" and self.trainable_part != "encoder"
        if self.compute == "blocks" or trains_blocks:
            return "blocks"
        same = self.student.translation_equivariance().is_convolution
        return "convolution" if same else "blocks"

    def hold(self, optimizer: Any) -> None:
        """Sets the optimizer whose learning rate decoupled anchors follow.

        Only custom training loops need it: in `fit` it is that of the compiled model.

        Args:
            optimizer: Keras optimizer that trains the layer; `None` for the last one.
        """
        for weight in self.student.weights:
            if isinstance(weight.constraint, DecoupledAnchor):
                weight.constraint.hold(optimizer)

    def anchor_penalty(self) -> Tensor:
        """The distance of the student's weights from w₀, before the strength.

        Returns:
            Scalar tensor, the sum over weight tensors. It is 0 without anchors, and
            for anchors that add nothing to the loss.
        """
        pairs = zip(self._anchored_weights, self.anchors)
        return sum((penalty(self.anchor, w, anchor) for w, anchor in pairs), 0.0)

    def deviation(self) -> Deviation:
        """How far the student deviates from its cloned weights, and where.

        Returns:
            `Deviation`.

        Raises:
            ValueError: If the layer has no anchors to compare with.
        """
        if not self.anchors:
            name = self.name  # type: ignore[attr-defined]
            raise ValueError(
                'Only layers with symmetry="anchored" remember their cloned weights; '
                "networks.teacher_deviations compares all clones with their teachers. "
                f"Received: layer {name!r}, {' '.join(map(str, self.treatment))}"
            )
        teacher, encoder = self.student.teacher, self.student.encoder.kernel
        positions = np.zeros(teacher.positions_out)
        elements = np.zeros((teacher.representation_in, teacher.representation_out))
        for weight, anchor in zip(self._anchored_weights, self.anchors):
            share = _relative_change(weight, anchor)
            if weight.path == encoder.path:
                shape = (-1, teacher.representation_in, teacher.representation_out)
                elements += share.reshape(shape).sum(axis=0)
            else:
                positions += self.student.by_position(share)
        return Deviation(np.sqrt(positions), np.sqrt(elements))

    @property
    def _anchored_weights(self) -> list:
        return trained_weights(self.student, self.symmetry, self.trainable_part)

    def student_config(self) -> dict[str, Any]:
        """The part of the layer's configuration that is about its student."""
        # While a file is written, Keras marks what it has seen before, by which it
        # finds again that layers share a student; the first of two layers would
        # lose its mark, which Keras sets on a dictionary that it copies.
        keras.saving.serialize_keras_object(self.student)
        return {
            "student": keras.saving.serialize_keras_object(self.student),
            "symmetry": self.symmetry,
            "anchor": self.anchor,
            "anchor_strength": self.anchor_strength,
            "trainable_part": self.trainable_part,
            "compute": self.compute,
        }


def _relative_change(weight, anchor) -> Array:
    """The squared change of each weight, relative to the squared norm of all."""
    before = ops.convert_to_numpy(anchor)
    change = ops.convert_to_numpy(weight) - before
    # Blocks that were never cloned begin at zero.
    size = np.sum(np.square(before)) or 1.0
    return np.square(change, dtype="float64") / size
