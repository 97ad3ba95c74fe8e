"""The steps of a `Cloner` on JAX: XLA compiles them whole, draws included."""

from typing import Any

import jax
import keras
from keras import ops

from symclone_tf.cloning import sampling
from symclone_tf.cloning.drawn_steps import DrawnSteps
from symclone_tf.types import Tensor

# The values of variables, in the order in which Keras' trainer takes them.
State = tuple[list[Tensor], ...]


class Steps(DrawnSteps):
    """Steps that take the values of all variables, and return them."""

    def train_step(self, state: State, data: Any) -> tuple[dict[str, Tensor], State]:
        trained, others, of_optimizer, of_metrics = state
        pairs = zip(self.optimizer.variables, of_optimizer)
        with keras.StatelessScope(state_mapping=list(pairs)):
            step = ops.convert_to_tensor(self.optimizer.iterations)
        inputs, kernel = self._draw(sampling.TRAINING, step)
        targets = self.student.teacher(inputs, kernel)

        def outputs_of(trained):
            return self._stateless(trained, others, inputs, kernel)

        outputs, pull_back = jax.vjp(outputs_of, trained)
        error = outputs - targets
        # The gradient of the squared error, whose constant factors are applied to the
        # gradients: a pass over the error, the largest tensor, would take longer.
        (gradients,) = pull_back(error)
        gradients = self.scaled(gradients, targets.size)
        trained, of_optimizer = self.optimizer.stateless_apply(
            of_optimizer, gradients, trained
        )
        logs = self.logs(error, targets)
        return logs, (trained, others, of_optimizer, of_metrics)

    def test_step(self, state: State, data: Any) -> tuple[dict[str, Tensor], State]:
        trained, others, of_metrics = state
        inputs, kernel = self._draw(sampling.HELD_OUT, self.number_of(data))
        of_metrics = self._held_out.stateless_update_state(
            of_metrics,
            self.student.teacher(inputs, kernel),
            self._stateless(trained, others, inputs, kernel),
        )
        logs = {"nmse": self._held_out.stateless_result(of_metrics)}
        return logs, (trained, others, of_metrics)

    def _stateless(self, trained, others, inputs, kernel) -> Tensor:
        """The student's outputs with values of its variables."""
        variables = (*self.trainable_variables, *self.non_trainable_variables)
        pairs = zip(variables, (*trained, *others))
        with keras.StatelessScope(state_mapping=list(pairs)):
            return self.student(inputs, kernel)
