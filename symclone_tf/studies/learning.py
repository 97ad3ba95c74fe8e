"""What figures are drawn from: operators, moved answers, and training watched."""

import dataclasses

import keras
import numpy as np

from symclone_tf.cloning import HELD_OUT, Cloner, draw_pairs, stream
from symclone_tf.students import Student


def operators(answer, teacher, kernel) -> np.ndarray:
    """The matrices by which a linear layer maps points to points.

    Args:
        answer: Callable of inputs and a kernel: a student or its teacher.
        teacher: `Teacher` of inputs with one map, as images, whose sizes to
            take.
        kernel: Array of shape `kernel_shape`, `(k, k)` for convolutions.

    Returns:
        Array of shape `(representation_out, positions_out, positions_in)`: one matrix for each
        output map.

    Raises:
        ValueError: If inputs have several maps.

    Example:

    >>> teacher = ConvTeacher("t2", image_size=6)
    >>> operators(teacher, teacher, np.ones((3, 3))).shape
    (1, 16, 36)
    """
    if teacher.representation_in > 1:
        raise ValueError(
            "Inputs must be images, to have one matrix for each output map. "
            f"Received: teacher {teacher.title}"
        )
    points = teacher.positions_in
    impulses = np.eye(points, dtype="float32").reshape(-1, *teacher.input_shape, 1)
    kernel = np.asarray(kernel, "float32")[..., None, None]
    answers = np.asarray(answer(impulses, kernel))
    answers = answers.reshape(points, teacher.positions_out, teacher.representation_out)
    return answers.transpose(2, 1, 0)


def untrained(student, seed=0) -> Student:
    """A student like another, with random weights.

    Args:
        student: `Student`.
        seed: Integer.

    Returns:
        `Student`, whose answers are about as large as its teacher's.

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
    loud, wanted = (np.linalg.norm(answer(*pairs)) for answer in (random, teacher))
    random.encoder.kernel.assign(random.encoder.kernel * (wanted / loud))
    return random


@dataclasses.dataclass(frozen=True)
class TransformedOutputs:
    """What a layer makes of an input before and after it is moved.

    Attributes:
        answer: Array of shape `(*positions, maps)`, of the input.
        moved_answer: Array of the same shape, of the moved input.
        difference: Array of the same shape: the answer to the moved input less
            the moved answer, not a number where a shift leaves it undefined.
        error: Float, ‖difference‖ / ‖moved answer‖.
    """

    answer: np.ndarray
    transformed_output: np.ndarray
    difference: np.ndarray
    error: float


def transformed_outputs(answer, teacher, image, kernel, move) -> TransformedOutputs:
    """Compares moving a layer's input with moving its output.

    Args:
        answer: Callable of inputs and a kernel: a student or its teacher.
        teacher: `Teacher` of inputs with one map, whose sizes to take.
        image: Array of shape `input_shape`, `(n, n)` for images.
        kernel: Array of shape `kernel_shape`, `(k, k)` for convolutions.
        move: `Transformation`.

    Returns:
        `TransformedOutputs`.

    Example:

    >>> teacher, image = ConvTeacher("c4", image_size=6), np.eye(6)
    >>> transformed_outputs(teacher, teacher, image, np.ones((3, 3)), GroupTransformation("c4", 1)).error
    0.0
    """
    inputs = np.asarray(image, "float32")[None, ..., None]
    kernel = np.asarray(kernel, "float32")[..., None, None]
    first = np.asarray(answer(inputs, kernel))
    second = np.asarray(answer(move.inputs(inputs), kernel))
    expected = move.outputs(first)
    # What a shift brings in from outside is zero, and no answer.
    known = move.outputs(np.ones(first.shape)) != 0
    difference = np.where(known, second - expected, np.nan)
    norm = np.linalg.norm(expected[known])
    error = np.linalg.norm(difference[known]) / norm if norm else 0.0
    shape = (*teacher.output_shape, 1)
    if teacher.representation_out > 1:
        shape = teacher.output_shape
    return TransformedOutputs(
        *(array.reshape(shape) for array in (first, second, difference)), float(error)
    )


def learning_curve(student, seed=0) -> list[float]:
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
        student: `Student`, linear and not yet trained.
        steps: Tuple of integers in growing order, after which to look; the
            last step of the student's recipe is added to them.
        seed: Integer, of the draws.

    Returns:
        Pair of a dictionary from steps to arrays of all block weights, and an
        array of the values that the teacher's own operators take through the
        trained encoder, where nothing more can be learned.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 6))
    >>> weights, values = weights_while_learning(student)
    >>> list(weights)[:3], values.shape
    ([0, 2, 5], (81,))
    """

    def weights():
        return np.concatenate([w.ravel() for w in map(_copied, student.block_weights)])

    return _while_learning(student, weights, steps, seed), _teachers_values(student)


def _while_learning(student, look, steps, seed) -> dict:
    """Trains a student, and looks at it after some steps and the last."""
    cloner = Cloner(student, seed=seed)
    cloner.compile()
    last = cloner.recipe.steps
    wanted = {step for step in steps if step < last} | {last}
    kept = {0: look()} if 0 in wanted else {}

    def note(step, logs):
        if step + 1 in wanted:
            kept[step + 1] = look()

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    cloner.fit(steps_per_epoch=last, callbacks=[callback], verbose=0)
    return kept


def _copied(weight) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(weight))


def deformations(student, positions) -> np.ndarray:
    """What a local student makes of the kernel at some places.

    At a place p, the entries ψ of a kernel act on the points that p sees as
    `W[p] · Eᵀ · ψ`: a convolution does nothing to them anywhere, and has the unit
    matrix at every place.

    Args:
        student: `LocallyConnectedStudent`, built.
        positions: List of integers, output points.

    Returns:
        Array of shape `(positions, r, kernel_entries)`: the part of the first maps.

    Example:

    >>> student, _ = clone("t2", image_size=6, student="local", verbose=0)
    >>> np.allclose(deformations(student, [0, 7]), np.eye(9), atol=1e-5)
    True
    """
    return _copied(student.local_weights)[positions] @ _first_encoder(student).T


def deformations_while_learning(
    student, positions, steps=(0, 2, 5, 10), seed=0
) -> dict:
    """Trains a local student, and keeps its deformations at several steps.

    Args:
        student: `LocallyConnectedStudent`, not yet trained.
        positions: List of integers, output points.
        steps: Tuple of integers in growing order, after which to look; the last
            step of the student's recipe is added to them.
        seed: Integer, of the draws.

    Returns:
        Dictionary from steps to arrays as `deformations` gives them.

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
    """The blocks' weights that make the trained encoder's answers exact.

    A kernel of one entry is a shift by its place. With the encoder's matrix E
    of kernel entries and blocks, the blocks are the shifts times E⁻¹.
    """
    return np.linalg.pinv(_first_encoder(student)).ravel()


def _first_encoder(student) -> np.ndarray:
    """The encoder's matrix of kernel entries and blocks, for the first maps."""
    encoder = _copied(student.encoder.kernel).astype("float64")
    entries = student.teacher.kernel_entries
    return encoder.reshape(entries, student.blocks, -1)[:, :, 0]
