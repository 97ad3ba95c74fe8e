"""One student in several layers: what of it moves, and the anchors that they share."""

import gc

from symclone_tf.layers.anchors import PENALTIES, Anchored
from symclone_tf.layers.decoupled_anchors import DECOUPLED, Decoupled

SYMMETRIES = ("frozen", "trainable", "anchored")
"""What a layer does with its student, `symmetry` of `ClonedConv2D`."""
TRAINABLE_PARTS = ("all", "encoder", "blocks")
"""What of a student that is not frozen may change, `trainable_part` of `ClonedConv2D`."""


def share_student(layer) -> None:
    """Adds a layer to those that compute with its student.

    Raises:
        ValueError: If a living layer treats the student differently.
    """
    student = layer.student
    if _treatments(student) - {layer.treatment}:
        gc.collect()  # of layers that nothing but their own cycles holds
    others = _treatments(student) - {layer.treatment}
    if others:
        raise ValueError(
            f"The student is {' '.join(map(str, *others))} in another layer; "
            "take a copy of it, `copy.deepcopy(student)`, to treat it "
            f"differently. Received: {' '.join(map(str, layer.treatment))}"
        )
    student.sharing.add(layer)


def _treatments(student) -> set:
    """How living layers treat a student."""
    return {layer.treatment for layer in student.sharing}


def trained_weights(student, symmetry, trainable_part) -> list:
    """The weights of a student that a layer lets move.

    Args:
        student: `Student`, built.
        symmetry: String, of `ClonedConv2D`.
        trainable_part: String, likewise.

    Returns:
        List of variables.
    """
    if symmetry == "frozen":
        return []
    if trainable_part == "all":
        return student.weights
    encoder = [student.encoder.kernel]
    return encoder if trainable_part == "encoder" else student.block_weights


def set_trainable_part(layer) -> None:
    """Has those weights of a student trained that its layer lets move."""
    student = layer.student
    student.trainable = layer.trainable and layer.symmetry != "frozen"
    if student.trainable and student.built:
        moving = {
            id(w)
            for w in trained_weights(student, layer.symmetry, layer.trainable_part)
        }
        for weight in student.weights:
            weight.trainable = id(weight) in moving


def set_anchors(layer) -> None:
    """Remembers a student's moving weights as they are now, w₀, unless a layer that
    shares the student has done so."""
    for other in layer.student.sharing:
        if other.anchors:
            layer.anchors = list(other.anchors)
            return
    for weight in layer.student.weights:  # of layers that are no more
        if isinstance(weight.regularizer, Anchored):
            weight.regularizer = None
        if isinstance(weight.constraint, Decoupled):
            weight.constraint = None
    if layer.symmetry != "anchored":
        return
    for weight in trained_weights(layer.student, layer.symmetry, layer.trainable_part):
        anchor = layer.add_weight(
            name=f"anchor_{len(layer.anchors)}",
            shape=weight.shape,
            dtype=weight.dtype,
            initializer="zeros",
            trainable=False,
        )
        anchor.assign(weight)
        layer.anchors.append(anchor)
        if layer.anchor in DECOUPLED:
            weight.constraint = Decoupled(layer.anchor, layer.anchor_strength, anchor)
        elif layer.anchor in PENALTIES:
            weight.regularizer = Anchored(layer.anchor, layer.anchor_strength, anchor)
