"""What the steps of a `Cloner` have in common on all backends."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from symclone_tf.cloning import sampling
from symclone_tf.cloning.fidelity import NMSE
from symclone_tf.cloning.recipes import Recipe, step_sizes
from symclone_tf.students import Student
from symclone_tf.types import Tensor


class DrawnSteps:
    """Mixin of a model that draws what it is trained on.

    Attributes:
        student: `Student`.
        recipe: `Recipe`.
        seed: Integer, of the draws.
    """

    student: Student
    recipe: Recipe
    seed: int
    _held_out: NMSE
    # Of `keras.Model`.
    optimizer: Any
    distribute_strategy: Any
    trainable_variables: list[Any]
    non_trainable_variables: list[Any]

    @property
    def replicas(self) -> int:
        """Integer, the devices that share a batch."""
        return 1

    def numbers(self, steps: int) -> tuple[Any, dict[str, Any]]:
        """What stands for data: a number for each step.

        Args:
            steps: Integer.

        Returns:
            Pair of them and of options of `fit` and `evaluate`.
        """
        return np.arange(steps), {"batch_size": 1}

    @staticmethod
    def number_of(data: Any) -> Tensor:
        """The number of a step, from its part of what stands for data."""
        (number,) = data[:1]
        return ops.reshape(number, ())

    def scaled(self, gradients: Sequence[Tensor], count: int) -> list[Tensor]:
        """Gradients of the mean of squares, scaled by its inverse curvature.

        Args:
            gradients: Sequence of tensors, those of half the sum of squares.
            count: Integer, the number of squares.

        Returns:
            List of tensors.
        """
        sizes = step_sizes(self.student, self.recipe)
        return [
            g * ops.convert_to_tensor(2.0 / count * size, g.dtype)
            for g, size in zip(gradients, sizes)
        ]

    @staticmethod
    def logs(error: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """The loss and the NMSE of a batch."""
        square, whole = (ops.sum(ops.square(values)) for values in (error, targets))
        return {"loss": square / ops.size(error), "nmse": square / whole}

    def _draw(self, use: int, step: Any) -> tuple[Tensor, Tensor]:
        return sampling.draw_pairs(
            self.student.teacher,
            self.recipe.images_per_step,
            self.recipe.kernels_per_step,
            sampling.stream(self.seed, use, step),
            orthogonal=self.recipe.orthogonal,
            colours=self.student.colours if use == sampling.TRAINING else None,
        )
