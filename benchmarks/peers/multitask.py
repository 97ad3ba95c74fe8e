"""Equivariance as a second task, without any equivariant layer.

- REMUL, [Elhag et al., 2024](https://arxiv.org/abs/2410.17878)
"""

import keras
from keras import ops

import symclone_tf as sc
from symclone_tf.layers.random_transformations import RandomTransformations


class Multitask(keras.Model):
    """Adds `β · mean ‖f(g·x) − f(x)‖²` to the loss, g random for each image.

    f are the probabilities of classes, which should be the same for all elements g. β
    stays as it is, where the paper may adapt it.

    Args:
        network: `keras.Model`, of images.
        group: String.
        strength: Float, β.
    """

    def __init__(self, network, group, strength):
        super().__init__()
        self.network = network
        self.strength = strength
        self.transformations = RandomTransformations(
            sc.ConvTeacher(group, network.input_shape[1]),
            1.0,
            keras.random.SeedGenerator(0),
        )

    def call(self, images, training=False):
        outputs = self.network(images, training=training)
        if training:
            drawn = self.transformations.draw(ops.shape(images)[0])
            moved = self.transformations.transform_inputs(images, drawn)
            others = self.network(moved, training=True)
            differences = ops.sum(ops.square(others - outputs), axis=-1)
            self.add_loss(self.strength * ops.mean(differences))
        return outputs


def multitask(model, task, strength) -> keras.Model:
    """A task's network, which has equivariance as a second task.

    Args:
        model: `keras.Model`.
        task: `Task`.
        strength: Float.
    """
    return Multitask(model, task.group, strength)
