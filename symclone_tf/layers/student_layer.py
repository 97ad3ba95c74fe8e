"""What a layer does with the student that it computes with."""

import dataclasses

import keras
import numpy as np
from keras import ops

from symclone_tf.layers.anchors import penalty
from symclone_tf.layers.decoupled_anchors import Decoupled
from symclone_tf.layers.shared_students import set_trainable_part, trained_weights


@dataclasses.dataclass(frozen=True)
class Deviation:
    """How far a layer's student has left its cloned weights, and where.

    Attributes:
        positions: Array of shape `(positions_out,)`: of each output point, the norm of
            what moved of the blocks' weights, relative to all of them.
        elements: Array of shape `(representation_in, representation_out)`: of each pair of group
            elements, the norm of what moved of the encoder, relative to all of it.

    Example:

    >>> moved = Deviation(positions=np.array([0.3, 0.0, 0.4]), elements=np.zeros((1, 1)))
    >>> int(moved.positions.argmax())  # the output point that left furthest
    2
    >>> round(moved.norm, 6)
    0.5
    """

    positions: np.ndarray
    elements: np.ndarray

    @property
    def norm(self) -> float:
        """The norm of all of it."""
        parts = (self.positions, self.elements)
        return float(np.sqrt(sum(np.sum(np.square(part)) for part in parts)))


class HoldsStudent:
    """The part of `Cloned` that says what of its student trains, and what
    holds it."""

    @property
    def trainable(self):
        """Whether the layer's own weights, and a student that is not frozen, train."""
        return super().trainable

    @trainable.setter
    def trainable(self, value):
        keras.layers.Layer.trainable.fset(self, value)
        # `model.trainable = True` sets all layers; what stays, stays.
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
            String, `"convolution"` or `"blocks"`; why a layer whose blocks stay is
            no convolution says `student.translation_equivariance().reason`.
        """
        blocks_move = self.symmetry != "frozen" and self.trainable_part != "encoder"
        if self.compute == "blocks" or blocks_move:
            return "blocks"
        same = self.student.translation_equivariance().is_convolution
        return "convolution" if same else "blocks"

    def hold(self, optimizer) -> None:
        """Tells anchors that are decoupled whose steps they follow.

        Models that Keras trains do so by themselves; it is for loops of one's own.

        Args:
            optimizer: Keras optimizer, that trains the layer.
        """
        for weight in self.student.weights:
            if isinstance(weight.constraint, Decoupled):
                weight.constraint.optimizer = optimizer

    def anchor_penalty(self):
        """How far the student's weights are from w₀, before the strength.

        Returns:
            Scalar tensor, the sum over weight tensors; 0 without anchors, and
            with those of which the loss knows nothing.
        """
        pairs = zip(self._moving, self.anchors)
        return sum((penalty(self.anchor, w, anchor) for w, anchor in pairs), 0.0)

    def deviation(self) -> Deviation:
        """How far the student has left its cloned weights, and where.

        Returns:
            `Deviation`.

        Raises:
            ValueError: If the layer keeps no anchors to compare with.
        """
        if not self.anchors:
            raise ValueError(
                'Only layers of symmetry="anchored" remember their cloned weights. '
                f"Received: layer {self.name!r}, {' '.join(map(str, self.treatment))}"
            )
        teacher, encoder = self.student.teacher, self.student.encoder.kernel
        positions = np.zeros(teacher.positions_out)
        elements = np.zeros((teacher.representation_in, teacher.representation_out))
        for weight, anchor in zip(self._moving, self.anchors):
            before = ops.convert_to_numpy(anchor)
            moved = ops.convert_to_numpy(weight) - before
            # Blocks that were never cloned begin at zero.
            size = np.sum(np.square(before)) or 1.0
            share = np.square(moved, dtype="float64") / size
            if weight.path == encoder.path:
                shape = (-1, teacher.representation_in, teacher.representation_out)
                elements += share.reshape(shape).sum(axis=0)
            else:
                positions += self.student.by_position(share)
        return Deviation(np.sqrt(positions), np.sqrt(elements))

    @property
    def _moving(self) -> list:
        """The weights that the anchors are of."""
        return trained_weights(self.student, self.symmetry, self.trainable_part)

    def config_of_student(self) -> dict:
        """What of the layer's configuration is about its student."""
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
