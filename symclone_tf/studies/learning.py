"""Operators of layers, outputs of transformed inputs, and students while they learn."""

import dataclasses
from collections.abc import Callable, Sequence

import keras
import numpy as np

from symclone_tf.cloning import HELD_OUT, Cloner, draw_pairs, stream
from symclone_tf.students import LocallyConnectedStudent, Student
from symclone_tf.symmetry import Transformation
from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, ArrayLike, Tensor

# A student or a teacher, of inputs and a kernel.
Layer = Callable[..., Tensor]


def operators(layer: Layer, teacher: Teacher, kernel: ArrayLike) -> Array:
    """The matrices by which a linear layer maps input to output positions.

    Args:
        layer: Callable of inputs and a kernel: a student or its teacher.
        teacher: `Teacher` of images, that has the layer's sizes.
        kernel: Array of shape `kernel_shape`, `(k, k)` for convolutions.

    Returns:
        Array of shape `(representation_out, positions_out, positions_in)`: one
        matrix for each feature map.

    Raises:
        ValueError: If inputs are feature maps of a group.

    Example:

    >>> teacher = ConvTeacher("t2", image_size=6)
    >>> operators(teacher, teacher, np.ones((3, 3))).shape
    (1, 16, 36)
    """
    if teacher.representation_in > 1:
        raise ValueError(
            "Inputs must be images, to have one matrix for each feature map. "
            f"Received: teacher {teacher.title}"
        )
    positions = teacher.positions_in
    impulses = np.eye(positions, dtype="float32").reshape(-1, *teacher.input_shape, 1)
    kernel = np.asarray(kernel, "float32")[..., None, None]
    responses = keras.ops.convert_to_numpy(layer(impulses, kernel))
    shape = (positions, teacher.positions_out, teacher.representation_out)
    return responses.reshape(shape).transpose(2, 1, 0)


def untrained(student: Student, seed: int = 0) -> Student:
    """A student like another, with random weights.

    Args:
        student: `Student`.
        seed: Integer.

    Returns:
        `Student`, whose outputs have about the norm of its teacher's.

    Example:

    >>> error = nmse(untrained(DenseStudent(ConvTeacher("t2", 6))))
    >>> 1 < error < 4
    True
    """
    config = {**student.get_config(), "seed": seed, "name": "untrained"}
    random = type(student).from_config(config)
    random.build()
    rng = np.random.default_rng(seed)
    for weight in random.weights:
        weight.assign(rng.normal(size=weight.shape))
    teacher = student.teacher
    pairs = draw_pairs(teacher, 8, 32, stream(seed, HELD_OUT, 0), orthogonal=False)
    norm, wanted = (np.linalg.norm(layer(*pairs)) for layer in (random, teacher))
    random.encoder.kernel.assign(random.encoder.kernel * (wanted / norm))
    return random


@dataclasses.dataclass(frozen=True)
class TransformedOutputs:
    """The outputs of a layer for an input and for the transformed input.

    Attributes:
        output: Array of shape `(*positions, representation)`, h(x).
        output_of_transformed: Array of the same shape, h(g·x).
        difference: Array of the same shape, h(g·x) − g·h(x); NaN where both are not
            compared, as where a translation leaves g·h(x) undefined.
        error: Float, ‖h(g·x) − g·h(x)‖ / ‖g·h(x)‖, where both are compared.
    """

    output: np.ndarray
    output_of_transformed: np.ndarray
    difference: np.ndarray
    error: float


def transformed_outputs(
    layer: Layer,
    teacher: Teacher,
    image: ArrayLike,
    kernel: ArrayLike,
    transformation: Transformation,
) -> TransformedOutputs:
    """Compares transforming a layer's input with transforming its output.

    Args:
        layer: Callable of inputs and a kernel: a student or its teacher.
        teacher: `Teacher` of images, that has the layer's sizes.
        image: Array of shape `input_shape`, `(n, n)` for images.
        kernel: Array of shape `kernel_shape`, `(k, k)` for convolutions.
        transformation: `Transformation`.

    Returns:
        `TransformedOutputs`.

    Example:

    >>> teacher, image = ConvTeacher("c4", image_size=6), np.eye(6)
    >>> kernel, rotation = np.ones((3, 3)), GroupTransformation("c4", 1)
    >>> transformed_outputs(teacher, teacher, image, kernel, rotation).error
    0.0
    """
    inputs = np.asarray(image, "float32")[None, ..., None]
    kernel = np.asarray(kernel, "float32")[..., None, None]
    first = keras.ops.convert_to_numpy(layer(inputs, kernel))
    second = keras.ops.convert_to_numpy(layer(transformation.inputs(inputs), kernel))
    expected = transformation.outputs(first)
    # A translation brings in zeros from outside, which are no outputs; interpolation
    # ends within the disc.
    numbered = np.arange(first.size).reshape(first.shape)
    compared, _ = transformation.compared(numbered, numbered)
    known = np.isin(numbered, compared)
    difference = np.where(known, second - expected, np.nan)
    norm = np.linalg.norm(expected[known])
    error = np.linalg.norm(difference[known]) / norm if norm else 0.0
    shape = (*teacher.output_shape, 1)
    if teacher.representation_out > 1:
        shape = teacher.output_shape
    return TransformedOutputs(
        first.reshape(shape),
        second.reshape(shape),
        difference.reshape(shape),
        float(error),
    )


def learning_curve(student: Student, seed: int = 0) -> list[float]:
    """Trains a student, and measures each step's NMSE on pairs new to it.

    Args:
        student: `Student`, not yet trained.
        seed: Integer, of the draws.

    Returns:
        List of floats, one for each step of the student's recipe.

    Example:

    >>> curve = learning_curve(DenseStudent(ConvTeacher("t2", 6), seed=0))
    >>> curve[-1] < 1e-10 < curve[0]
    True
    """
    curve = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: curve.append(float(logs["nmse"]))
    )
    cloner = Cloner(student, seed=seed)
    cloner.compile()
    cloner.fit(steps_per_epoch=cloner.recipe.steps, callbacks=[record], verbose=0)
    return curve


def weights_while_learning(
    student: Student, steps: Sequence[int] = (0, 2, 5, 10), seed: int = 0
) -> tuple[dict[int, Array], Array]:
    """Trains a student, and keeps its blocks' weights at several steps.

    Args:
        student: `Student`, linear and not yet trained.
        steps: Tuple of integers in growing order, the steps after which to keep
            weights; the last step of the student's recipe is added.
        seed: Integer, of the draws.

    Returns:
        Pair of a dictionary from steps to arrays of all block weights, and an
        array of the weights with which the blocks are exact, given the trained
        encoder.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 6))
    >>> weights, values = weights_while_learning(student)
    >>> list(weights)[:3], values.shape
    ([0, 2, 5], (81,))
    """

    def weights():
        return np.concatenate([w.ravel() for w in map(_copied, student.block_weights)])

    return _while_learning(student, weights, steps, seed), _teachers_values(student)


def _while_learning(student, measure, steps, seed) -> dict:
    """Trains a student, and measures it after some steps and the last."""
    cloner = Cloner(student, seed=seed)
    cloner.compile()
    last = cloner.recipe.steps
    wanted = {step for step in steps if step < last} | {last}
    kept = {0: measure()} if 0 in wanted else {}

    def record(step, logs):
        if step + 1 in wanted:
            kept[step + 1] = measure()

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=record)
    cloner.fit(steps_per_epoch=last, callbacks=[callback], verbose=0)
    return kept


def _copied(weight) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(weight))


def deformations(student: LocallyConnectedStudent, positions: Sequence[int]) -> Array:
    """How a locally connected student deforms the kernel at some positions.

    At a position p, the entries ψ of a kernel act on the receptive field of p as
    `W[p] · Eᵀ · ψ`. In a convolution `W[p] · Eᵀ` is the identity at every position.

    Args:
        student: `LocallyConnectedStudent`, built.
        positions: List of integers, output positions.

    Returns:
        Array of shape `(positions, receptive_field_size, kernel_entries)`: of the
        first feature map.

    Example:

    >>> student, _ = clone("t2", image_size=6, student="local", verbose=0)
    >>> np.allclose(deformations(student, [0, 7]), np.eye(9), atol=1e-5)
    True
    """
    return _copied(student.local_weights)[positions] @ _first_encoder(student).T


def deformations_while_learning(
    student: LocallyConnectedStudent,
    positions: Sequence[int],
    steps: Sequence[int] = (0, 2, 5, 10),
    seed: int = 0,
) -> dict[int, Array]:
    """Trains a locally connected student, and keeps deformations at several steps.

    Args:
        student: `LocallyConnectedStudent`, not yet trained.
        positions: List of integers, output positions.
        steps: Tuple of integers in growing order, the steps after which to keep
            deformations; the last step of the student's recipe is added.
        seed: Integer, of the draws.

    Returns:
        Dictionary from steps to arrays, see `deformations`.

    Example:

    >>> student = LocallyConnectedStudent(ConvTeacher("t2", 6))
    >>> kept = deformations_while_learning(student, [0], steps=(0,))
    >>> float(np.abs(kept[0]).max())
    0.0
    """
    if not student.built:
        student.build()
    return _while_learning(
        student, lambda: deformations(student, positions), steps, seed
    )


def _teachers_values(student) -> np.ndarray:
    """The blocks' weights that are exact, given the trained encoder.

    A kernel of one entry is a translation. With the encoder's matrix E of kernel
    entries and blocks, the blocks are the translations times E⁻¹.
    """
    return np.linalg.pinv(_first_encoder(student)).ravel()


def _first_encoder(student) -> np.ndarray:
    """The encoder's matrix of kernel entries and blocks, for the first feature map."""
    encoder = _copied(student.encoder.kernel).astype("float64")
    entries = student.teacher.kernel_entries
    return encoder.reshape(entries, student.blocks, -1)[:, :, 0]
