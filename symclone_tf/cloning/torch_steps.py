"""The steps of a `Cloner` on PyTorch, which computes them eagerly."""

from typing import Any

import torch

from symclone_tf.cloning import sampling
from symclone_tf.cloning.drawn_steps import DrawnSteps
from symclone_tf.types import Tensor


class Steps(DrawnSteps):
    """Steps whose gradients are followed as soon as they are known."""

    def train_step(self, data: Any) -> dict[str, Tensor]:
        inputs, kernel = self._draw(
            sampling.TRAINING, int(self.optimizer.iterations.value)
        )
        weights = self.student.trainable_weights
        with torch.no_grad():
            targets = self.student.teacher(inputs, kernel)
        outputs = self.student(inputs, kernel)
        error = outputs.detach() - targets
        # The gradient of the squared error, whose constant factors are applied to the
        # gradients: a pass over the error, the largest tensor, would take longer.
        values = [weight.value for weight in weights]
        gradients = torch.autograd.grad(outputs, values, grad_outputs=error)
        with torch.no_grad():
            self.optimizer.apply(self.scaled(gradients, error.numel()), weights)
            return self.logs(error, targets)

    def test_step(self, data: Any) -> dict[str, Tensor]:
        with torch.no_grad():
            number = int(self.number_of(data))
            inputs, kernel = self._draw(sampling.HELD_OUT, number)
            self._held_out.update_state(
                self.student.teacher(inputs, kernel), self.student(inputs, kernel)
            )
        return {"nmse": self._held_out.result()}
