"""One student in several layers, and the anchors that they share."""

import gc

from symclone_tf.layers.anchors import Anchored


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


def drop_anchors(layer) -> None:
    """Remembers a student's weights as they are now, w₀, unless a layer that shares
    the student has done so."""
    for other in layer.student.sharing:
        if other.anchors:
            layer.anchors = list(other.anchors)
            return
    for weight in layer.student.weights:
        if isinstance(weight.regularizer, Anchored):
            weight.regularizer = None  # of layers that are no more
        if layer.symmetry == "anchored":
            anchor = layer.add_weight(
                name=f"anchor_{len(layer.anchors)}",
                shape=weight.shape,
                dtype=weight.dtype,
                initializer="zeros",
                trainable=False,
            )
            anchor.assign(weight)
            layer.anchors.append(anchor)
            weight.regularizer = Anchored(layer.anchor, layer.anchor_strength, anchor)
