"""How a student is best trained: what to draw, how far to step, how long."""

import dataclasses
import math

import keras

from symclone_tf.checks import positive_integer, positive_number


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All that training needs to know of a student.

    Attributes:
        images_per_step: Integer.
        kernels_per_step: Integer.
        steps: Integer, optimizer steps.
        learning_rate: Float, of the first step.
        optimizer: Class of a Keras optimizer.
        decay: Boolean, whether the rate falls to zero along a cosine.
        orthogonal: Boolean, whether to draw orthogonal images and kernels.
        block_step: Float, multiplies the gradient of the blocks.
        encoder_step: Float, multiplies the gradient of the encoder.

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

    def with_options(self, steps=None, learning_rate=None) -> "Recipe":
        """The same recipe with a user's steps and learning rate, if given.

        Args:
            steps: Integer, or `None` for the recipe's.
            learning_rate: Float, or `None` for the recipe's.

        Returns:
            `Recipe`.

        Raises:
            ValueError: If `steps` is not a positive integer or `learning_rate`
                not a positive, finite number.
        """
        changes = {}
        if steps is not None:
            changes["steps"] = positive_integer("steps", steps)
        if learning_rate is not None:
            rate = positive_number("learning_rate", learning_rate)
            changes["learning_rate"] = rate
        return dataclasses.replace(self, **changes)

    def make_optimizer(self):
        """A Keras optimizer that follows the recipe."""
        rate = self.learning_rate
        if self.decay:
            rate = keras.optimizers.schedules.CosineDecay(rate, self.steps)
        return self.optimizer(rate)


def recipe_for(student, images_per_step=None, kernels_per_step=None) -> Recipe:
    """How a student is best trained.

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
    make = linear_recipe if is_bilinear else stacked_recipe
    return make(student, images_per_step, kernels_per_step)


def step_sizes(student, recipe) -> list[float]:
    """The factor for the gradient of each of a student's trainable weights."""
    encoder = student.encoder.kernel.path
    return [
        recipe.encoder_step if weight.path == encoder else recipe.block_step
        for weight in student.trainable_weights
    ]


def linear_recipe(student, images_per_step=None, kernels_per_step=None) -> Recipe:
    """Plain gradient descent with steps of the error's inverse curvature.

    With linear blocks the mean squared error is quadratic in the blocks and in
    the encoder. On orthogonal inputs of norm `√points` and orthogonal kernels its
    curvature is the same in every direction that a batch reaches: `2·points /
    (inputs·positions_out)` for the blocks, where points are those that a block sees
    together, or the colours that tell them apart; and `2 / representation_out` for the
    encoder once the blocks' operators have rows of unit norm, as a convolution's
    have, times the most power that a kernel of norm 1 has. A gradient step of the
    inverse size is an exact projection on what the batch says, a block Kaczmarz step,
    and removes the share of the error that the batch spans.

    Args:
        student: `Student` with linear blocks, of a linear teacher.
        images_per_step: Integer, or `None` for half of what spans the inputs:
            larger batches say little more than this, smaller ones leave the
            machine idle.
        kernels_per_step: Integer, or `None` for as many as span the kernels,
            which leaves no sampling noise.

    Returns:
        `Recipe`.
    """
    teacher = student.teacher
    # Of what the blocks see together.
    points, entries = int(student.colours.max()) + 1, teacher.kernel_entries
    images = images_per_step or max(1, points // (2 * teacher.representation_in))
    kernels = kernels_per_step or entries
    rows, outputs = images * teacher.representation_in, images * teacher.positions_out

    # A batch of several frames, or of part of one, weighs some directions more.
    image_frames = math.ceil(rows / points)
    evenness = kernels / (entries * math.ceil(kernels / entries))
    # Few outputs for each of the encoder's inputs do too: the largest
    # eigenvalue of a random Gram matrix, by Marchenko and Pastur.
    features = teacher.representation_in * student.blocks
    spread = (1 + math.sqrt(features / outputs)) ** 2

    # What kernels that many points share do to answers, and so to the encoder.
    power = teacher.largest_gain

    # The encoder, which has to learn how the group moves kernels, keeps a step
    # from removing more than half of the error.
    share = min(0.5, rows / points * min(1.0, kernels / entries))
    halvings = 40 if teacher.representation_in == 1 else 60
    if points < teacher.positions_in:
        halvings += 6  # steps are cheap, and images may be large
    return Recipe(
        images_per_step=images,
        kernels_per_step=kernels,
        steps=math.ceil(spread * halvings * math.log(2) / -math.log1p(-share)),
        # Below 1, because the curvatures above are expectations; nothing is
        # lost, since a projection that falls short by 20% still removes 96%.
        learning_rate=0.8,
        optimizer=keras.optimizers.SGD,
        # Where an exact copy exists the gradient's noise vanishes with the
        # error, and a constant rate converges linearly. What the blocks cannot
        # copy stays as noise, and the rate has to fall to average it out.
        decay=not student.is_exact,
        orthogonal=True,
        block_step=evenness * outputs / (2 * points * image_frames),
        encoder_step=evenness * teacher.representation_out / (2 * spread * power),
    )


def stacked_recipe(student, images_per_step=None, kernels_per_step=None) -> Recipe:
    """Adam on independent draws, for what is not linear.

    Args:
        student: `Student` that is not linear, or whose teacher is not.
        images_per_step: Integer, or `None` for what suits the student.
        kernels_per_step: Integer, or `None` for 32.

    Returns:
        `Recipe`.
    """
    return Recipe(
        images_per_step=images_per_step or student.training["images_per_step"],
        kernels_per_step=kernels_per_step or 32,
        steps=student.training["steps"],
        learning_rate=student.training["learning_rate"],
        optimizer=keras.optimizers.Adam,
        decay=True,
        orthogonal=False,
    )
