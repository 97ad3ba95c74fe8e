"""What a user may choose about cloning."""

import dataclasses

from symclone_tf.checks import one_of, positive_number
from symclone_tf.cloning.closed_form import check_linear
from symclone_tf.cloning.memory import check_memory, solving_memory, training_memory
from symclone_tf.cloning.recipes import Recipe, recipe_for
from symclone_tf.cloning.strategies import check_strategy, make_strategy
from symclone_tf.teachers.evaluation import check_outputs

SOLVERS = ("sgd", "closed-form")


@dataclasses.dataclass(frozen=True)
class Training:
    """What a user may choose about cloning.

    Attributes:
        resume: Boolean, whether an unfinished training of the same choices is gone on
            with. The other fields are arguments of `clone`.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", image_size=8))
    >>> recipe = Training(steps=50).recipe(student)
    >>> recipe.steps, recipe.images_per_step  # as chosen, and as suits the student
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

    def check(self, student) -> None:
        """Refuses choices that do not go together, before any work is done.

        Raises:
            ValueError: If a choice is not accepted, or the teacher's answers are not
                what it says of them.
            MemoryError: If cloning would need more memory than there is.
        """
        one_of("solver", self.solver, SOLVERS)
        check_strategy(self.strategy)
        if self.max_nmse is not None:
            positive_number("max_nmse", self.max_nmse)
        if self.resume and self.strategy != "none":
            raise ValueError(
                "`resume` is for `strategy` none: only one process keeps checkpoints. "
                f"Received: strategy={self.strategy}"
            )
        # Weights that do not fit are refused before anything of their size is made.
        check_memory(student, 4 * student.parameters)
        if self.solver == "sgd":
            check_memory(student, training_memory(student, self.recipe(student)))
        else:
            self._check_closed_form(student)
        if self.strategy == "multi-worker":
            make_strategy(self.strategy)  # before TensorFlow computes anything
        check_outputs(student.teacher)

    def _check_closed_form(self, student) -> None:
        check_linear(student)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in _OF_TRAINING and value != field.default:
                raise ValueError(
                    f"`{field.name}` is for `solver` sgd; closed-form does not train. "
                    f"Received: {field.name}={value}"
                )
        check_memory(student, solving_memory(student))

    def identity(self, student) -> dict:
        """All that the trained student depends on, to tell trainings apart."""
        choices = dataclasses.asdict(self)
        del choices["resume"], choices["max_nmse"]
        return {**choices, "student": {**student.get_config(), "name": None}}

    def recipe(self, student) -> Recipe:
        """The student's recipe, with these choices in it.

        Raises:
            ValueError: If a choice is not accepted.
        """
        recipe = recipe_for(student, self.images_per_step, self.kernels_per_step)
        return recipe.with_options(self.steps, self.learning_rate)


_OF_TRAINING = (
    "steps",
    "images_per_step",
    "kernels_per_step",
    "learning_rate",
    "jit",
    "strategy",
    "resume",
)
