"""The cloned layer that replaces a convolution, of whatever kind."""

from typing import Any

import keras

from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.layers.cloned_separable_conv2d import ClonedSeparableConv2D
from symclone_tf.layers.conversion import CONVOLUTIONS, check_supported
from symclone_tf.layers.kernel_layouts import SEPARABLE
from symclone_tf.students import Student


def cloned_layer_of(
    layer: keras.layers.Layer, student: Student, **options: Any
) -> Cloned | ClonedSeparableConv2D:
    """Makes the cloned layer that replaces a convolution, at the same function.

    Args:
        layer: Built layer of a kind that `teacher_of` takes.
        student: `Student` of its teacher.
        **options: Further arguments of the cloned layer, such as `symmetry`.

    Returns:
        `ClonedConv2D`, `ClonedSeparableConv2D` or `Cloned`, built.

    Raises:
        ValueError: If the layer is of another kind, or the student does not imitate
            it.

    Example:

    >>> layer = keras.layers.SeparableConv2D(4, 3)
    >>> layer.build((None, 8, 8, 2))
    >>> teacher = ConvTeacher("t2", image_size=8)
    >>> student, _ = clone(teacher, student="local", solver="closed-form", verbose=0)
    >>> type(cloned_layer_of(layer, student)).__name__
    'ClonedSeparableConv2D'
    """
    check_supported(layer)
    if isinstance(layer, SEPARABLE):
        return ClonedSeparableConv2D.from_conv(layer, student, **options)
    kind = ClonedConv2D if isinstance(layer, CONVOLUTIONS) else Cloned
    return kind.from_conv(layer, student, **options)
