"""The options of cloning."""

import dataclasses
from typing import Any

from symclone_tf.backends import check_jit, tensorflow_alone
from symclone_tf.checks import one_of, positive_number
from symclone_tf.cloning.closed_form import check_linear
from symclone_tf.cloning.memory import check_memory, solving_memory, training_memory
from symclone_tf.cloning.recipes import Recipe, recipe_for
from symclone_tf.cloning.strategies import check_strategy, make_strategy
from symclone_tf.students import Student
from symclone_tf.teachers.evaluation import check_outputs

SOLVERS = ("sgd", "closed-form")


@dataclasses.dataclass(frozen=True)
class Training:
    """The options of cloning.

    Attributes:
        resume: Boolean, whether to continue an interrupted training with the same
            options. The other fields are arguments of `clone`.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", image_size=8))
    >>> recipe = Training(steps=50).recipe(student)
    >>> recipe.steps, recipe.images_per_step  # as given, and the recipe's
    (50, 32)
    """

    solver: str = "sgd"
    steps: int | None = None
    images_per_step: int | None = None
    kernels_per_step: int | None = None
    learning_rate: float | None = None
    seed: int = 0
    jit: bool | None = None
    max_nmse: float | None = None
    strategy: str = "none"
    resume: bool = False

    def check(self, student: Student, recipe: Recipe | None = None) -> Recipe | None:
        """Refuses options that do not go together, before any work is done.

        Args:
            student: `Student`.
            recipe: `Recipe`, from an earlier check of this student; `None` to compute
                it.

        Returns:
            `Recipe`, the student's with these options; `None` for closed form.

        Raises:
            ValueError: If an option is not accepted, or the teacher's outputs are not
                as it declares them.
            MemoryError: If cloning would need more memory than there is.
        """
        one_of("solver", self.solver, SOLVERS)
        check_strategy(self.strategy)
        if self.strategy != "none":
            tensorflow_alone(f"`strategy` {self.strategy}")
        check_jit(self.jit)
        if self.max_nmse is not None:
            positive_number("max_nmse", self.max_nmse)
        if self.resume and self.strategy != "none":
            raise ValueError(
                "`resume` is for `strategy` none: only one process keeps checkpoints. "
                f"Received: strategy={self.strategy}"
            )
        # Before the recipe, which may need arrays as large as the weights.
        check_memory(student, 4 * student.parameters)
        if self.solver == "sgd":
            recipe = recipe or self.recipe(student)
            check_memory(student, training_memory(student, recipe))
        else:
            recipe = None
            self._check_closed_form(student)
        if self.strategy == "multi-worker":
            make_strategy(self.strategy)  # before TensorFlow computes anything
        check_outputs(student.teacher)
        return recipe

    def _check_closed_form(self, student: Student) -> None:
        check_linear(student)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in _FOR_SGD and value != field.default:
                raise ValueError(
                    f"`{field.name}` is for `solver` sgd; closed-form does not train. "
                    f"Received: {field.name}={value}"
                )
        check_memory(student, solving_memory(student))

    def identity(self, student: Student) -> dict[str, Any]:
        """All options that the weights of the trained student depend on.

        Args:
            student: `Student`.

        Returns:
            Dictionary of plain values, equal for equal trainings.
        """
        options = dataclasses.asdict(self)
        del options["resume"], options["max_nmse"]
        return {**options, "student": {**student.get_config(), "name": None}}

    def recipe(self, student: Student) -> Recipe:
        """The student's recipe, with these options.

        Args:
            student: `Student`.

        Returns:
            `Recipe`.

        Raises:
            ValueError: If an option is not accepted.
        """
        recipe = recipe_for(student, self.images_per_step, self.kernels_per_step)
        return recipe.with_options(self.steps, self.learning_rate)


_FOR_SGD = (
    "steps",
    "images_per_step",
    "kernels_per_step",
    "learning_rate",
    "jit",
    "strategy",
    "resume",
)
