"""How far the clones in a network have left their teachers, and where."""

import keras
import numpy as np

from symclone_tf.cloning import HELD_OUT, draw_pairs, stream
from symclone_tf.networks.convolutions import convolution_layers, with_names
from symclone_tf.students import Student
from symclone_tf.teachers import CopiesConvTeacher
from symclone_tf.teachers.precision import full_float32
from symclone_tf.types import Array

# A frame of inputs, and of kernels, where these are so few; and in one evaluation.
MOST_IMAGES, MOST_KERNELS, MOST_OUTPUTS = 1024, 64, 2**22


def teacher_deviations(model: keras.Model, seed: int = 0) -> dict[str, Array]:
    """How far each clone of a network is from its teacher, by position.

    It is defined for all clones alike, frozen, trainable or anchored, in a network that
    was just made or loaded from a file, for a student knows its teacher: at each output
    position p, `‖h(x; ψ)[p] − Φ(x; ψ)[p]‖ / ‖Φ(x; ψ)‖` over random inputs x and kernels
    ψ, where h is the student and Φ its teacher. The norm over all positions is the
    square root of the student's NMSE. Of an exact clone it is float32's rounding until
    training changes it; of a clone of fewer blocks it begins at what these cannot copy.

    A clone may leave its teacher and stay equivariant, as where its encoder scales all
    kernels: `layer_errors` measures that. `layer.deviation()` of anchored layers
    compares weights with the cloned ones instead.

    Args:
        model: `keras.Model`, of any kind.
        seed: Integer, of the random inputs and kernels.

    Returns:
        Dictionary from layer names to arrays of the shape of the teacher's outputs for
        one image, `(height, width)` or `(height, width, |G|)` for images, of the size
        that the student was cloned at; in the model's order. Where layers of nested
        models share a name, it is from their paths. Other layers are left out.

    Example:

    >>> student, _ = clone("t2", image_size=6, student="local", verbose=0)
    >>> layer = ClonedConv2D(1, student, "trainable", name="edges")
    >>> model = keras.Sequential([keras.Input((6, 6, 1)), layer])
    >>> float(np.linalg.norm(teacher_deviations(model)["edges"])) < 1e-4
    True
    >>> weights = student.local_weights.numpy()
    >>> weights[0] *= 2  # at the first of 16 positions, outputs are twice as large
    >>> _ = student.local_weights.assign(weights)
    >>> teacher_deviations(model)["edges"].round(2)[:2, :2]
    array([[0.25, 0.  ],
           [0.  , 0.  ]])
    """
    return {
        name: _deviation(layer.student, seed)
        for name, layer in with_names(convolution_layers(model))
        if isinstance(getattr(layer, "student", None), Student)
    }


def _deviation(student: Student, seed: int) -> Array:
    teacher = student.teacher
    if not student.built:
        student.build()
    images, kernels = teacher.positions_in, teacher.kernel_entries
    images, kernels = min(images, MOST_IMAGES), min(kernels, MOST_KERNELS)
    outputs = teacher.positions_out * teacher.representation_out * kernels
    images = max(1, min(images, 8 * MOST_OUTPUTS // outputs))
    linear = student.is_linear and teacher.is_linear
    state = stream(seed, HELD_OUT, 0)
    error, square = np.zeros(teacher.output_shape), 0.0
    with full_float32():
        inputs, kernel = draw_pairs(teacher, images, kernels, state, linear)
        size = max(1, MOST_OUTPUTS // outputs)
        for first in range(0, images, size):
            batch = inputs[first : first + size]
            taught = _outputs(teacher, batch, kernel)
            found = _outputs(student, batch, kernel)
            error += np.sum(np.square(found - taught), axis=(0, -1))
            square += float(np.sum(np.square(taught)))
    deviation = np.sqrt(error / (square or 1.0))
    copies_first = isinstance(teacher, CopiesConvTeacher)
    return np.moveaxis(deviation, 0, -1) if copies_first else deviation


def _outputs(layer, inputs, kernel) -> Array:
    # Squares of float16 would overflow.
    return keras.ops.convert_to_numpy(layer(inputs, kernel)).astype("float64")
