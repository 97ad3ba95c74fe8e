"""The Keras model that trains a student to compute its teacher's outputs."""

import math
from typing import Any

import keras
import tensorflow as tf

from symclone_tf.cloning import sampling
from symclone_tf.cloning.fidelity import NMSE
from symclone_tf.cloning.recipes import Recipe, recipe_for, step_sizes
from symclone_tf.students import Student
from symclone_tf.teachers.precision import full_float32
from symclone_tf.types import Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class Cloner(keras.Model):
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
        replicas = self.distribute_strategy.num_replicas_in_sync
        if recipe.images_per_step % replicas:
            # Step sizes depend on the size of the batch.
            images = math.ceil(recipe.images_per_step / replicas) * replicas
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
                `True` if there is a GPU.
            **kwargs: As in `keras.Model.compile`.
        """
        if optimizer is None:
            optimizer = self.recipe.make_optimizer()
        if jit_compile == "auto":
            jit_compile = bool(tf.config.list_physical_devices("GPU"))
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
            kwargs["validation_data"] = self._numbers(validation_steps)
        try:
            with full_float32():
                return super().fit(
                    self._numbers(steps_per_epoch), shuffle=False, **kwargs
                )
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
        with full_float32():
            return super().evaluate(self._numbers(steps) if x is None else x, **kwargs)

    def _numbers(self, steps: int) -> tf.data.Dataset:
        """A data set in place of data: one number for each step and replica."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.OFF
        )
        numbers = tf.data.Dataset.range(steps * replicas).batch(replicas)
        return numbers.with_options(options)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        # Without Keras' loss tracker: `fit` would report its mean, rather than the
        # last step's loss.
        return [self._held_out]

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        images, kernel = inputs
        return self.student(images, kernel)

    def train_step(self, data: Any) -> dict[str, Tensor]:
        # The count of steps, not the data, determines what is drawn: a resumed
        # training continues with the same draws.
        inputs, kernel = self._draw(sampling.TRAINING, self.optimizer.iterations)
        inputs = self._share_of_replica(inputs)
        targets = self.student.teacher(inputs, kernel)
        weights = self.student.trainable_weights
        with tf.GradientTape() as tape:
            outputs = self.student(inputs, kernel)
        error = outputs - targets
        # The gradient of the squared error, whose constant factors are applied to the
        # gradients: a pass over the error, the largest tensor, would take longer.
        gradients = tape.gradient(outputs, weights, output_gradients=error)
        replicas = self.distribute_strategy.num_replicas_in_sync
        count = replicas * targets.shape.num_elements()
        self.optimizer.apply(
            [
                gradient * (2.0 / count * size)
                for gradient, size in zip(
                    gradients, step_sizes(self.student, self.recipe)
                )
            ],
            weights,
        )
        totals = self._over_replicas(
            [2.0 * tf.nn.l2_loss(error), 2.0 * tf.nn.l2_loss(targets)]
        )
        return {"loss": totals[0] / count, "nmse": totals[0] / totals[1]}

    def test_step(self, data: Any) -> dict[str, Tensor]:
        inputs, kernel = self._draw(sampling.HELD_OUT, data[0])
        self._held_out.update_state(
            self.student.teacher(inputs, kernel), self.student(inputs, kernel)
        )
        return {"nmse": self._held_out.result()}

    def _draw(self, use: int, step: Any) -> tuple[Tensor, Tensor]:
        return sampling.draw_pairs(
            self.student.teacher,
            self.recipe.images_per_step,
            self.recipe.kernels_per_step,
            sampling.stream(self.seed, use, step),
            orthogonal=self.recipe.orthogonal,
            colours=self.student.colours if use == sampling.TRAINING else None,
        )

    def _share_of_replica(self, inputs: Tensor) -> Tensor:
        """This replica's part of the batch: every replica draws all of it."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas == 1:
            return inputs
        share = self.recipe.images_per_step // replicas
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        shape = (share, *inputs.shape[1:])
        return tf.ensure_shape(inputs[replica * share : (replica + 1) * share], shape)

    def _over_replicas(self, sums: list[Tensor]) -> list[Tensor]:
        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync == 1:
            return sums
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras averages the results of several hosts along an axis.
            sums = [tf.reshape(value, (1,)) for value in sums]
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, sums)

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
