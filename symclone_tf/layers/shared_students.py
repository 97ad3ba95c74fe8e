"""One student in several layers: its trainable part, and the anchors they share."""

import functools
import gc
from typing import TYPE_CHECKING

from keras import ops

from symclone_tf.backends import backend
from symclone_tf.layers.anchors import PENALTIES, AnchorPenalty
from symclone_tf.layers.decoupled_anchors import DECOUPLED, DecoupledAnchor
from symclone_tf.students import Student
from symclone_tf.types import Tensor

if TYPE_CHECKING:
    from symclone_tf.layers.cloned import Cloned
    from symclone_tf.layers.student_layer import StudentLayer

SYMMETRIES = ("frozen", "trainable", "anchored")
"""How training treats a layer's student, `symmetry` of `ClonedConv2D`."""
TRAINABLE_PARTS = ("all", "encoder", "blocks")
"""What training may change of a student, `trainable_part` of `ClonedConv2D`."""


def share_student(layer: "Cloned") -> None:
    """Adds a layer to those that share its student.

    Raises:
        ValueError: If another layer treats the student differently.
    """
    student = layer.student
    if _treatments(student) - {layer.treatment}:
        # The student refers to its layers weakly, so that it is free again when they
        # are deleted. But every Keras layer is in a reference cycle, by its wrapped
        # `build`: only the collector finds out that nothing else refers to it. This
        # runs in the one case in which an error would follow otherwise.
        gc.collect()
    others = _treatments(student) - {layer.treatment}
    if others:
        raise ValueError(
            f"The student is {' '.join(map(str, *others))} in another layer; "
            "take a copy of it, `copy.deepcopy(student)`, to treat it "
            f"differently. Received: {' '.join(map(str, layer.treatment))}"
        )
    student.sharing.add(layer)


def _treatments(student) -> set:
    """How the layers that share a student treat it."""
    return {layer.treatment for layer in student.sharing}


def trained_weights(
    student: Student, symmetry: str, trainable_part: str
) -> list[Tensor]:
    """The weights of a student that training changes.

    Args:
        student: `Student`, built.
        symmetry: String, one of `SYMMETRIES`.
        trainable_part: String, one of `TRAINABLE_PARTS`.

    Returns:
        List of variables.
    """
    if symmetry == "frozen":
        return []
    if trainable_part == "all":
        return student.weights
    encoder = [student.encoder.kernel]
    return encoder if trainable_part == "encoder" else student.block_weights


def set_trainable_part(layer: "StudentLayer") -> None:
    """Makes that part of a layer's student trainable which the layer declares."""
    student = layer.student
    student.trainable = layer.trainable and layer.symmetry != "frozen"
    if student.trainable and student.built:
        trained = {
            id(w)
            for w in trained_weights(student, layer.symmetry, layer.trainable_part)
        }
        for weight in student.weights:
            weight.trainable = id(weight) in trained
    student.measure_ahead()


def set_anchors(layer: "Cloned") -> None:
    """Anchors a student's trainable weights at their current values w₀.

    If a layer that shares the student has anchors, they become this layer's too.
    """
    for other in layer.student.sharing:
        if other.anchors:
            layer.anchors = list(other.anchors)
            return
    _remove_anchors(layer.student)
    if layer.symmetry != "anchored":
        return
    for weight in trained_weights(layer.student, layer.symmetry, layer.trainable_part):
        anchor = layer.add_weight(
            name=f"anchor_{len(layer.anchors)}",
            shape=weight.shape,
            dtype=weight.dtype,
            initializer=functools.partial(_copy_of, weight),
            trainable=False,
            # Held in a layer's call, of whatever precision that is.
            autocast=False,
        )
        layer.anchors.append(anchor)
        options = layer.anchor, layer.anchor_strength, anchor
        if layer.anchor in DECOUPLED:
            weight.constraint = DecoupledAnchor(*options)
        elif layer.anchor in PENALTIES:
            weight.regularizer = AnchorPenalty(*options)


def _copy_of(weight, shape, dtype=None):
    """Initializer of anchors: Keras may build a layer in a scope that forgets what is
    assigned in it. On JAX, variables share an array that is not copied, of which `fit`
    takes each once."""
    with backend().outside_of_functions():
        value = ops.copy(ops.cast(weight, dtype))
    return backend().constant(value)


def _remove_anchors(student) -> None:
    """Removes what layers that were deleted have left on a student's weights."""
    for weight in student.weights:
        if isinstance(weight.regularizer, AnchorPenalty):
            weight.regularizer = None
        if isinstance(weight.constraint, DecoupledAnchor):
            weight.constraint = None
