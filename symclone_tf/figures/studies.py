"""What figures are drawn from: operators, moved answers, and training watched."""

import dataclasses

import keras
import numpy as np

from symclone_tf.cloning import Cloner
from symclone_tf.symmetry import get_group
from symclone_tf.symmetry import shifted
from symclone_tf.students import DenseStudent


def operators(answer, student, kernel) -> np.ndarray:
    """The matrices by which a linear layer maps pixels to pixels.

    Args:
        answer: Callable of inputs and a kernel: the student or its teacher.
        student: `DenseStudent` that reads images, whose sizes to take.
        kernel: Array of shape `(k, k)`.

    Returns:
        Array of shape `(|G|, m², n²)`: one matrix for each output map.

    Raises:
        ValueError: If the student reads feature maps.

    Example:

    >>> student = DenseStudent("t2", image_size=6)
    >>> kernel = np.ones((3, 3))
    >>> operators(teacher_of(student), student, kernel).shape
    (1, 16, 36)
    """
    if not student.lifting:
        raise ValueError(
            "`student` must read images, to have one matrix for each output map. "
            f"Received: student={student.description}"
        )
    pixels = student.image_size**2
    image, _ = student.input_shapes((1,))
    impulses = np.eye(pixels, dtype="float32").reshape(pixels, *image)
    kernel = np.asarray(kernel, "float32")[..., None, None]
    answers = np.asarray(answer(impulses, kernel))
    answers = answers.reshape(pixels, student.output_size**2, student.group.order)
    return answers.transpose(2, 1, 0)


def untrained(student, seed=0) -> DenseStudent:
    """A student like another, with random weights.

    Args:
        student: `DenseStudent`, linear.
        seed: Integer.

    Returns:
        `DenseStudent`, whose answers are about as large as its teacher's.

    Example:

    >>> error = nmse(untrained(DenseStudent("t2", image_size=6)))
    >>> 1 < error < 4
    True
    """
    config = {**student.get_config(), "seed": seed, "name": "untrained"}
    random = DenseStudent.from_config(config)
    random.build()
    rng = np.random.default_rng(seed)
    for weight in random.weights:
        values = rng.normal(size=weight.shape) / np.sqrt(weight.shape[0])
        weight.assign(values)
    scale = student.kernel_size / np.sqrt(student.blocks)
    random.encoder.kernel.assign(random.encoder.kernel * scale)
    return random


@dataclasses.dataclass(frozen=True)
class Moved:
    """What a layer makes of an image before and after it is moved.

    Attributes:
        answer: Array of shape `(m, m, maps)`, of the image.
        moved_answer: Array of the same shape, of the moved image.
        difference: Array of the same shape: the answer to the moved image less
            the moved answer, not a number where a shift leaves it undefined.
        error: Float, ‖difference‖ / ‖moved answer‖.
    """

    answer: np.ndarray
    moved_answer: np.ndarray
    difference: np.ndarray
    error: float


def move(group, images, by) -> np.ndarray:
    """Moves a batch of images or feature maps.

    Args:
        group: String or `PointGroup`.
        images: Array of shape `(batch, n, n, …)`.
        by: Integer, position of the group's element; for T(2) a pair of
            integers, pixels down and to the right. Zeros move in.

    Returns:
        Array of the same shape.

    Example:

    >>> move("t2", np.ones((1, 3, 3, 1)), (1, 0))[0, :, 0, 0]
    array([0., 1., 1.])
    """
    group = get_group(group)
    if not group.is_trivial:
        return group.transform(images, by)
    return shifted(images, by)


def moved_answers(answer, student, image, kernel, by) -> Moved:
    """Compares moving a layer's input with moving its output.

    Args:
        answer: Callable of inputs and a kernel: a student or its teacher.
        student: `DenseStudent` that reads images, whose group to take.
        image: Array of shape `(n, n)`.
        kernel: Array of shape `(k, k)`.
        by: As for `move`.

    Returns:
        `Moved`.
    """
    inputs = np.asarray(image, "float32")[None, ..., None]
    kernel = np.asarray(kernel, "float32")[..., None, None]
    first = np.asarray(answer(inputs, kernel))
    second = np.asarray(answer(move(student.group, inputs, by), kernel))
    expected = move(student.group, first, by)
    difference = second - expected
    known = np.ones(first.shape, bool)
    if student.group.is_trivial:
        known = move(student.group, known, by)
        difference[~known] = np.nan
    norm = np.linalg.norm(expected[known])
    error = np.linalg.norm(difference[known]) / norm if norm else 0.0
    shape = (student.output_size, student.output_size, student.group.order)
    return Moved(
        *(array.reshape(shape) for array in (first, second, difference)), float(error)
    )


def learning_curve(student, seed=0) -> list[float]:
    """Trains a student, and measures each step's NMSE on pairs new to it.

    Args:
        student: `DenseStudent`, not yet trained.
        seed: Integer, of the draws.

    Returns:
        List of floats, one for each step of the student's recipe.

    Example:

    >>> curve = learning_curve(DenseStudent("t2", image_size=6, seed=0))
    >>> curve[-1] < 1e-10 < curve[0]
    True
    """
    curve = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: curve.append(float(logs["nmse"]))
    )
    cloner = Cloner(student, seed=seed)
    cloner.compile()
    cloner.fit(steps_per_epoch=cloner.recipe.steps, callbacks=[note], verbose=0)
    return curve


def weights_while_learning(student, steps=(0, 2, 5, 10), seed=0):
    """Trains a student, and keeps its blocks' weights at several steps.

    Args:
        student: `DenseStudent`, linear and not yet trained.
        steps: Tuple of integers in growing order, after which to look; the
            last step of the student's recipe is added to them.
        seed: Integer, of the draws.

    Returns:
        Pair of a dictionary from steps to arrays of all block weights, and an
        array of the values that the teacher's own operators take through the
        trained encoder, where nothing more can be learned.

    Example:

    >>> weights, values = weights_while_learning(DenseStudent("t2", image_size=6))
    >>> list(weights)[:3], values.shape
    ([0, 2, 5], (81,))
    """
    cloner = Cloner(student, seed=seed)
    cloner.compile()
    kept = {}
    (blocks,) = student.block_layers

    def keep(step):
        kept[step] = np.array(blocks.kernel).ravel()

    last = cloner.recipe.steps
    wanted = {step for step in steps if step < last} | {last}
    if 0 in wanted:
        keep(0)
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: (
            keep(step + 1) if step + 1 in wanted else None
        )
    )
    cloner.fit(steps_per_epoch=last, callbacks=[note], verbose=0)
    return kept, _teachers_values(student)


def _teachers_values(student) -> np.ndarray:
    """The blocks' weights that make the trained encoder's answers exact.

    A kernel of one entry is a shift by its place. With the encoder's matrix E
    of kernel entries and blocks, the blocks are the shifts times E⁻¹.
    """
    encoder = np.array(student.encoder.kernel, "float64")
    first = encoder.reshape(student.kernel_entries, student.blocks, -1)[:, :, 0]
    return np.linalg.pinv(first).ravel()
