"""Keras' Dense layers, as students use them for their blocks and their encoder."""

from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from symclone_tf.students.base import Student


class InnerLayer(keras.layers.Layer):
    """A layer inside a student, which computes with its weights directly.

    Args:
        *arguments: Of the Keras layer.
        student: `Student`. The layer takes its `trainable` and its `dtype`, and calls
            its `weights_changed` after weights were loaded.
        **options: Of the Keras layer.
    """

    def __init__(self, *arguments: Any, student: "Student", **options: Any) -> None:
        super().__init__(*arguments, **student.options_of_parts, **options)
        # A method, since Keras would track a student as a sublayer of its sublayer.
        self._weights_changed = student.weights_changed

    def load_own_variables(self, store: Any) -> None:
        super().load_own_variables(store)
        # Keras loads a student's own variables before those of its sublayers, and has
        # no hook for the moment when all are loaded.
        self._weights_changed()

    def quantize(
        self, mode: Any = None, type_check: bool = True, config: Any = None
    ) -> None:
        """Refuses, as the base class does, of which `model.quantize` makes a warning.

        A Dense layer's own method would round weights that students multiply with
        outside of its `call`.
        """
        keras.layers.Layer.quantize(self, mode)


# Named as in Keras: a file of weights names the layers of a list after their classes.
class Dense(InnerLayer, keras.layers.Dense):
    """`keras.layers.Dense` inside a student."""


class EinsumDense(InnerLayer, keras.layers.EinsumDense):
    """`keras.layers.EinsumDense` inside a student."""
