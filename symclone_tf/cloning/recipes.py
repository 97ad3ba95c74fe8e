"""How a student is best trained: the batch, the step sizes and the number of steps."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np

from symclone_tf.checks import positive_integer, positive_number
from symclone_tf.students import Student
from symclone_tf.types import Array


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The options of training that suit a student.

    Attributes:
        images_per_step: Integer.
        kernels_per_step: Integer.
        steps: Integer, optimizer steps.
        learning_rate: Float, the first step's.
        optimizer: Class of a Keras optimizer.
        decay: Boolean, whether the rate falls to zero along a cosine.
        orthogonal: Boolean, whether to draw orthogonal images and kernels.
        block_step: Float, the factor for gradients of blocks' weights that connect one
            input position to one output position.
        encoder_step: Float, the factor for the gradient of the encoder.

    Example:

    >>> recipe = recipe_for(DenseStudent(ConvTeacher("t2", image_size=8)))
    >>> recipe.optimizer.__name__, recipe.learning_rate, recipe.orthogonal
    ('SGD', 0.8, True)
    >>> recipe.with_options(steps=50).steps
    50
    """

    images_per_step: int
    kernels_per_step: int
    steps: int
    learning_rate: float
    optimizer: type
    decay: bool
    orthogonal: bool
    block_step: float = 1.0
    encoder_step: float = 1.0

    def with_options(
        self, steps: int | None = None, learning_rate: float | None = None
    ) -> "Recipe":
        """The same recipe with other steps and another learning rate.

        Args:
            steps: Integer, or `None` for the recipe's.
            learning_rate: Float, or `None` for the recipe's.

        Returns:
            `Recipe`.

        Raises:
            ValueError: If `steps` is not a positive integer or `learning_rate`
                not a positive, finite number.
        """
        changes: dict[str, Any] = {}
        if steps is not None:
            changes["steps"] = positive_integer("steps", steps)
        if learning_rate is not None:
            rate = positive_number("learning_rate", learning_rate)
            changes["learning_rate"] = rate
        return dataclasses.replace(self, **changes)

    def make_optimizer(self) -> keras.optimizers.Optimizer:
        """A Keras optimizer with the recipe's learning rate."""
        rate: Any = self.learning_rate
        if self.decay:
            rate = keras.optimizers.schedules.CosineDecay(rate, self.steps)
        return self.optimizer(rate)


def recipe_for(
    student: Student,
    images_per_step: int | None = None,
    kernels_per_step: int | None = None,
) -> Recipe:
    """The recipe by which a student is best trained.

    Args:
        student: `Student`.
        images_per_step: Integer, or `None` for the best number.
        kernels_per_step: Integer, or `None` for the best number.

    Returns:
        `Recipe`.

    Raises:
        ValueError: If a count is given that is not a positive integer.

    Example:

    >>> recipe_for(DenseStudent(ConvTeacher("c4", 28))).images_per_step
    392
    """
    for name, count in (
        ("images_per_step", images_per_step),
        ("kernels_per_step", kernels_per_step),
    ):
        if count is not None:
            positive_integer(name, count)
    is_bilinear = student.is_linear and student.teacher.is_linear
    make = linear_recipe if is_bilinear else nonlinear_recipe
    return make(student, images_per_step, kernels_per_step)


def step_sizes(student: Student, recipe: Recipe) -> list[float | Array]:
    """The factors for the gradients of a student's trainable weights.

    Args:
        student: `Student`.
        recipe: `Recipe`.

    Returns:
        List of floats, or of arrays that broadcast with a weight, one for each of
        `student.trainable_weights`.
    """
    # Weights that several positions share have the sum of their curvatures.
    shared = np.asarray(student.positions_per_weight, "float32")
    encoder = student.encoder.kernel.path
    return [
        recipe.encoder_step if weight.path == encoder else recipe.block_step / shared
        for weight in student.trainable_weights
    ]


def linear_recipe(
    student: Student,
    images_per_step: int | None = None,
    kernels_per_step: int | None = None,
) -> Recipe:
    """Plain gradient descent with steps of the error's inverse curvature.

    With linear blocks the mean squared error is quadratic in the blocks and in
    the encoder. On orthogonal inputs of norm `√positions` and orthogonal kernels its
    curvature is the same in every direction that a batch spans: `2·positions /
    (inputs·positions_out)` for the blocks, where positions are all input positions or,
    with receptive fields, their colours; and `2 / representation_out`, times the
    teacher's largest gain, for the encoder once the blocks' operators have rows of
    unit norm, as a convolution's have. A gradient step of the inverse size is the
    exact projection on the solutions of the batch, a block Kaczmarz step, and removes
    the share of the error that the batch spans.

    Args:
        student: `Student` with linear blocks, of a linear teacher.
        images_per_step: Integer, or `None` for half as many as span the inputs:
            larger batches take longer for little more, smaller ones leave the
            device idle.
        kernels_per_step: Integer, or `None` for as many as span the kernels,
            without sampling noise.

    Returns:
        `Recipe`.
    """
    teacher = student.teacher
    # Positions that a receptive field can tell apart.
    positions, entries = int(student.colours.max()) + 1, teacher.kernel_entries
    images = images_per_step or max(1, positions // (2 * teacher.representation_in))
    kernels = kernels_per_step or entries
    rows, outputs = images * teacher.representation_in, images * teacher.positions_out

    # A batch of several frames, or of part of one, has some directions more often.
    image_frames = math.ceil(rows / positions)
    evenness = kernels / (entries * math.ceil(kernels / entries))
    # So has a batch of few outputs for each of the encoder's inputs: this is the
    # largest eigenvalue of a random Gram matrix, by Marchenko and Pastur.
    features = teacher.representation_in * student.blocks
    spread = (1 + math.sqrt(features / outputs)) ** 2

    # The encoder's curvature grows with the mean square of outputs for a unit kernel.
    gain = teacher.largest_gain

    # One step removes at most half of the error, since the encoder has to learn how
    # the group acts on kernels.
    share = min(0.5, rows / positions * min(1.0, kernels / entries))
    halvings = 40 if teacher.representation_in == 1 else 60
    if positions < teacher.positions_in:
        halvings += 6  # steps are cheap, and images may be large
    return Recipe(
        images_per_step=images,
        kernels_per_step=kernels,
        steps=math.ceil(spread * halvings * math.log(2) / -math.log1p(-share)),
        # Below 1, because the curvatures above are expectations: a projection that
        # falls short by 20% still removes 96% of the error.
        learning_rate=0.8,
        optimizer=keras.optimizers.SGD,
        # If an exact copy exists, the gradient's noise vanishes with the error, and a
        # constant rate converges linearly. If not, noise remains, and the rate has
        # to fall to average it out.
        decay=not student.is_exact,
        orthogonal=True,
        block_step=evenness * outputs / (2 * positions * image_frames),
        encoder_step=evenness * teacher.representation_out / (2 * spread * gain),
    )


def nonlinear_recipe(
    student: Student,
    images_per_step: int | None = None,
    kernels_per_step: int | None = None,
) -> Recipe:
    """Adam on independent draws, for students or teachers that are not linear.

    Args:
        student: `Student` that is not linear, or whose teacher is not.
        images_per_step: Integer, or `None` for that of `Student.training`.
        kernels_per_step: Integer, or `None` for 32.

    Returns:
        `Recipe`.
    """
    # The class's: on PyTorch, layers have a flag of this name.
    training = type(student).training
    return Recipe(
        images_per_step=images_per_step or training["images_per_step"],
        kernels_per_step=kernels_per_step or 32,
        steps=training["steps"],
        learning_rate=training["learning_rate"],
        optimizer=keras.optimizers.Adam,
        decay=True,
        orthogonal=False,
    )
