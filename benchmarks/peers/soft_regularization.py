"""Equivariance of an intermediate map as a second task.

- SER, [Lee et al., 2026](https://arxiv.org/abs/2603.06693)
"""

import keras
from keras import ops

import symclone_tf as sc
from symclone_tf.layers.random_transformations import RandomTransformations


class SoftRegularized(keras.Model):
    """Adds `β · mean ‖h(g·x) − g·h(x)‖² / mean ‖h(x)‖²`, g random for each image.

    h is the output of a convolution in the middle of a network, on which the group
    acts as on images: it moves pixels. What comes after is free. The paper does so
    beside the objective of self-supervised learning, in whose place the loss of labels
    is here.

    Args:
        network: `keras.Sequential`, of images.
        layer: Keras layer of it, whose outputs are h.
        group: String.
        strength: Float, β.
    """

    def __init__(self, network, layer, group, strength):
        super().__init__()
        self.network = network
        self.strength = strength
        index = network.layers.index(layer)
        self.before = network.layers[: index + 1]
        self.after = network.layers[index + 1 :]
        generator = keras.random.SeedGenerator(0)
        self.of_images = RandomTransformations(
            sc.ConvTeacher(group, network.input_shape[1]), 1.0, generator
        )
        self.of_maps = RandomTransformations(
            sc.ConvTeacher(group, layer.output.shape[1]), 1.0, generator
        )

    def call(self, images, training=False):
        maps = self._through(self.before, images, training)
        if training:
            drawn = self.of_images.draw(ops.shape(images)[0])
            moved = self.of_images.transform_inputs(images, drawn)
            found = self._through(self.before, moved, True)
            expected = self.of_maps.transform_inputs(maps, drawn)
            error = ops.mean(ops.square(found - expected))
            self.add_loss(self.strength * error / ops.mean(ops.square(maps)))
        return self._through(self.after, maps, training)

    @staticmethod
    def _through(layers, values, training):
        for layer in layers:
            options = {"training": training} if layer._call_has_training_arg else {}
            values = layer(values, **options)
        return values


def soft_regularized(model, task, strength) -> keras.Model:
    """A task's CNN, the map before whose last convolution is drawn to equivariance.

    Args:
        model: `keras.Sequential`.
        task: `Task`.
        strength: Float.
    """
    layer = sc.networks.convolution_layers(model)[-2]
    return SoftRegularized(model, layer, task.group, strength)
