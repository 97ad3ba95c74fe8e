"""The Keras model that trains a student to answer as its teacher does."""

import math

import keras
import tensorflow as tf

from symclone_tf.cloning import sampling
from symclone_tf.cloning.fidelity import NMSE
from symclone_tf.cloning.recipes import recipe_for, step_sizes
from symclone_tf.teachers.evaluation import full_float32


@keras.saving.register_keras_serializable(package="symclone_tf")
class Cloner(keras.Model):
    """Trains a student to answer as its teacher does.

    The student knows whose student it is. Each step draws inputs and kernels
    where it runs, asks the teacher about every input with every kernel, and
    follows the gradient of the mean squared error. No data set is needed: `fit` and
    `evaluate` take no data, only numbers of steps.

    The student's recipe scales the gradients by the error's inverse curvature,
    so that plain SGD with a rate near 1 takes each batch's whole lesson at
    once. Optimizers that normalise gradients, as Adam does, ignore the scale.

    Args:
        student: `Student`.
        images_per_step: Integer, or `None` for a number that suits the
            student: half of what spans its input space if the blocks are
            linear. Under a `tf.distribute` strategy the replicas share them,
            and the number is rounded up to a multiple of theirs.
        kernels_per_step: Integer, or `None` for one that spans all kernels.
        seed: Integer, of the draws.
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
        self, student, images_per_step=None, kernels_per_step=None, seed=0, **kwargs
    ):
        super().__init__(**kwargs)
        self.student = student
        self.recipe = recipe_for(student, images_per_step, kernels_per_step)
        replicas = self.distribute_strategy.num_replicas_in_sync
        if self.recipe.images_per_step % replicas:
            images = math.ceil(self.recipe.images_per_step / replicas) * replicas
            self.recipe = recipe_for(student, images, kernels_per_step)
        self.seed = seed
        self._held_out = NMSE(name="nmse", dtype="float32")
        if not student.built:
            student.build()
        self.built = True

    def compile(self, optimizer=None, jit_compile="auto", **kwargs):
        """Configures the training.

        Args:
            optimizer: Keras optimizer, or `None` for the student's recipe.
            jit_compile: Boolean, whether XLA compiles the steps; `"auto"` does
                where there is a GPU.
            **kwargs: As in `keras.Model.compile`.
        """
        if optimizer is None:
            optimizer = self.recipe.make_optimizer()
        if jit_compile == "auto":
            jit_compile = bool(tf.config.list_physical_devices("GPU"))
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def fit(self, *, steps_per_epoch=100, validation_steps=None, **kwargs):
        """Trains for `steps_per_epoch` steps an epoch.

        Args:
            steps_per_epoch: Integer.
            validation_steps: Integer, batches of fresh pairs to validate on
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

    def evaluate(self, x=None, *, steps=8, **kwargs):
        """Measures the NMSE on batches of pairs that `fit` never draws.

        Args:
            x: As of `keras.Model`; `None` for pairs that are drawn.
            steps: Integer, how many batches of these.
            **kwargs: As of `keras.Model`.

        Returns:
            As of `keras.Model`.
        """
        with full_float32():
            return super().evaluate(self._numbers(steps) if x is None else x, **kwargs)

    def _numbers(self, steps):
        """What stands for data: one number for each step and replica."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.OFF
        )
        numbers = tf.data.Dataset.range(steps * replicas).batch(replicas)
        return numbers.with_options(options)

    @property
    def metrics(self):
        # Without Keras' loss tracker, whose name would make `fit` report its
        # mean in place of what the last step measured.
        return [self._held_out]

    def call(self, inputs):
        images, kernel = inputs
        return self.student(images, kernel)

    def train_step(self, data):
        # The position in training, not the data, decides what is drawn: a
        # resumed training goes on with the draws it would have made.
        inputs, kernel = self._draw(sampling.TRAINING, self.optimizer.iterations)
        inputs = self._share_of_replica(inputs)
        targets = self.student.teacher(inputs, kernel)
        weights = self.student.trainable_weights
        with tf.GradientTape() as tape:
            answers = self.student(inputs, kernel)
        error = answers - targets
        # The gradient of the squared error, without a pass over the largest
        # tensor for each of its factors: they go into the steps.
        gradients = tape.gradient(answers, weights, output_gradients=error)
        replicas = self.distribute_strategy.num_replicas_in_sync
        outputs = replicas * targets.shape.num_elements()
        self.optimizer.apply(
            [
                gradient * (2.0 / outputs * size)
                for gradient, size in zip(
                    gradients, step_sizes(self.student, self.recipe)
                )
            ],
            weights,
        )
        totals = self._over_replicas(
            [2.0 * tf.nn.l2_loss(error), 2.0 * tf.nn.l2_loss(targets)]
        )
        return {"loss": totals[0] / outputs, "nmse": totals[0] / totals[1]}

    def test_step(self, data):
        inputs, kernel = self._draw(sampling.HELD_OUT, data[0])
        self._held_out.update_state(
            self.student.teacher(inputs, kernel), self.student(inputs, kernel)
        )
        return {"nmse": self._held_out.result()}

    def _draw(self, use, step):
        return sampling.draw_pairs(
            self.student.teacher,
            self.recipe.images_per_step,
            self.recipe.kernels_per_step,
            sampling.stream(self.seed, use, step),
            orthogonal=self.recipe.orthogonal,
            colours=self.student.colours if use == sampling.TRAINING else None,
        )

    def _share_of_replica(self, inputs):
        """This replica's part of the batch, which every replica draws whole."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas == 1:
            return inputs
        share = self.recipe.images_per_step // replicas
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        shape = (share, *inputs.shape[1:])
        return tf.ensure_shape(inputs[replica * share : (replica + 1) * share], shape)

    def _over_replicas(self, sums):
        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync == 1:
            return sums
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras averages the results of several hosts along an axis.
            sums = [tf.reshape(value, (1,)) for value in sums]
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, sums)

    def get_config(self):
        return {
            "name": self.name,
            "student": keras.saving.serialize_keras_object(self.student),
            "images_per_step": self.recipe.images_per_step,
            "kernels_per_step": self.recipe.kernels_per_step,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        student = keras.saving.deserialize_keras_object(config.pop("student"))
        return cls(student, **config)
