"""The steps of a `Cloner` on TensorFlow, on one device or several."""

from typing import Any

import tensorflow as tf

from symclone_tf.cloning import sampling
from symclone_tf.cloning.drawn_steps import DrawnSteps
from symclone_tf.types import Tensor


class Steps(DrawnSteps):
    """Steps that replicas of a `tf.distribute` strategy share."""

    @property
    def replicas(self) -> int:
        return self.distribute_strategy.num_replicas_in_sync

    def numbers(self, steps: int) -> tuple[tf.data.Dataset, dict[str, Any]]:
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.OFF
        )
        numbers = tf.data.Dataset.range(steps * self.replicas).batch(self.replicas)
        return numbers.with_options(options), {}

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
        count = self.replicas * targets.shape.num_elements()
        self.optimizer.apply(self.scaled(gradients, count), weights)
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

    def _share_of_replica(self, inputs: Tensor) -> Tensor:
        """This replica's part of the batch: every replica draws all of it."""
        if self.replicas == 1:
            return inputs
        share = self.recipe.images_per_step // self.replicas
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        shape = (share, *inputs.shape[1:])
        return tf.ensure_shape(inputs[replica * share : (replica + 1) * share], shape)

    def _over_replicas(self, sums: list[Tensor]) -> list[Tensor]:
        if self.replicas == 1:
            return sums
        if isinstance(
            self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy
        ):
            # Keras averages the results of several hosts along an axis.
            sums = [tf.reshape(value, (1,)) for value in sums]
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, sums)
