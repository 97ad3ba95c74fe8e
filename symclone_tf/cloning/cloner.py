"""The Keras model that trains a student to compute its teacher's outputs."""

import importlib
import math
from typing import Any

import keras

from symclone_tf.backends import backend, check_jit
from symclone_tf.cloning.fidelity import NMSE
from symclone_tf.cloning.recipes import Recipe, recipe_for
from symclone_tf.students import Student
from symclone_tf.teachers.precision import full_float32
from symclone_tf.types import Tensor

_steps = importlib.import_module(f"symclone_tf.cloning.{backend().name}_steps")


@keras.saving.register_keras_serializable(package="symclone_tf")
class Cloner(_steps.Steps, keras.Model):  # type: ignore[name-defined]
    """Trains a student to compute its teacher's outputs.

    Each step draws inputs and kernels on the device, evaluates the student's teacher
    for every input with every kernel, and follows the gradient of the mean squared
    error. No data set is needed: `fit` and `evaluate` take numbers of steps instead.

    The student's recipe scales the gradients by the error's inverse curvature,
    so that one step of plain SGD, with a rate near 1, minimises the error of its
    batch. Optimizers that normalise gradients, as Adam does, ignore the scale.

    Args:
        student: `Student`.
        images_per_step: Integer, or `None` for the recipe's: if the blocks are
            linear, half as many as span the input space. Under a `tf.distribute`
            strategy the replicas share them, and the number is rounded up to a
            multiple of the replicas.
        kernels_per_step: Integer, or `None` for the recipe's: if the blocks are
            linear, as many as span all kernels.
        seed: Integer, of the draws.
        recipe: `Recipe`, instead of `images_per_step` and `kernels_per_step`; `None`
            for that of `recipe_for`.
        **kwargs: `name`, `dtype`.

    Example:

    >>> cloner = Cloner(DenseStudent(ConvTeacher("c4", 8), seed=0))
    >>> cloner.compile()
    >>> history = cloner.fit(steps_per_epoch=40, verbose=0)
    >>> history.history["nmse"][-1] < 1e-6
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    def __init__(
        self,
        student: Student,
        images_per_step: int | None = None,
        kernels_per_step: int | None = None,
        seed: int = 0,
        recipe: Recipe | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.student = student
        if recipe is None:
            recipe = recipe_for(student, images_per_step, kernels_per_step)
        if recipe.images_per_step % self.replicas:
            # Step sizes depend on the size of the batch.
            images = math.ceil(recipe.images_per_step / self.replicas) * self.replicas
            recipe = recipe_for(student, images, recipe.kernels_per_step)
        self.recipe = recipe
        self.seed = seed
        self._held_out = NMSE(name="nmse", dtype="float32")
        if not student.built:
            student.build()
        self.built = True

    def compile(
        self, optimizer: Any = None, jit_compile: bool | str = "auto", **kwargs: Any
    ) -> None:
        """Configures the training.

        Args:
            optimizer: Keras optimizer, or `None` for the student's recipe.
            jit_compile: Boolean, whether XLA compiles the steps; `"auto"` for
                `True` if there is a GPU, on JAX in any case, and never on PyTorch.
            **kwargs: As in `keras.Model.compile`.

        Raises:
            ValueError: If `jit_compile` is `True` on PyTorch, which steps eagerly.
        """
        if optimizer is None:
            optimizer = self.recipe.make_optimizer()
        if jit_compile == "auto":
            jit_compile = backend().compiles_steps()
        check_jit(bool(jit_compile))
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    def compile_from_config(self, config: dict) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        *,
        steps_per_epoch: int = 100,
        validation_steps: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains for `steps_per_epoch` steps an epoch.

        Args:
            steps_per_epoch: Integer.
            validation_steps: Integer, batches of pairs that are drawn for validation
                after each epoch; `None` for no validation.
            **kwargs: As in `keras.Model.fit`, without data.

        Returns:
            `keras.callbacks.History` of `loss` and `nmse`.
        """
        if validation_steps is not None:
            kwargs["validation_data"] = self.numbers(validation_steps)[0]
        data, options = self.numbers(steps_per_epoch)
        try:
            with full_float32():
                return super().fit(data, shuffle=False, **options, **kwargs)
        finally:
            self.student.weights_changed()

    def evaluate(self, x: Any = None, *, steps: int = 8, **kwargs: Any) -> Any:
        """Measures the NMSE on pairs that `fit` never draws.

        Args:
            x: As in `keras.Model.evaluate`; `None` for pairs that are drawn.
            steps: Integer, the number of batches that are drawn.
            **kwargs: As in `keras.Model.evaluate`.

        Returns:
            As `keras.Model.evaluate`.
        """
        if x is None:
            x, options = self.numbers(steps)
            kwargs = {**options, **kwargs}
        with full_float32():
            return super().evaluate(x, **kwargs)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        # Without Keras' loss tracker: `fit` would report its mean, rather than the
        # last step's loss.
        return [self._held_out]

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        images, kernel = inputs
        return self.student(images, kernel)

    def get_config(self) -> dict:
        return {
            "name": self.name,
            "student": keras.saving.serialize_keras_object(self.student),
            "images_per_step": self.recipe.images_per_step,
            "kernels_per_step": self.recipe.kernels_per_step,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> "Cloner":
        student = keras.saving.deserialize_keras_object(config.pop("student"))
        return cls(student, **config)
