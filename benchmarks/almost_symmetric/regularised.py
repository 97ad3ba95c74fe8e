"""Regularisation of a network besides the anchors of its layers."""

import keras

import symclone_tf as sc
from symclone_tf.layers.decoupled_anchors import DecoupledAnchor
from symclone_tf.layers.random_transformations import RandomTransformations


class Augmented(keras.layers.Layer):
    """Data augmentation: images that a group transforms in training.

    Args:
        group: String.
        canvas: Integer, pixels of each side.
        share: Float, of images that are transformed.
        **kwargs: Of `keras.layers.Layer`.
    """

    def __init__(self, group, canvas, share, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(0)
        teacher = sc.ConvTeacher(group, canvas)
        self.transformations = RandomTransformations(
            teacher, share, self.seed_generator
        )

    def call(self, inputs, training=False):
        if not training:
            return inputs
        drawn = self.transformations.draw(keras.ops.shape(inputs)[0])
        return self.transformations.transform_inputs(inputs, drawn)


class RotatedConv2D(keras.layers.Conv2D):
    """A convolution that a share of inputs passes rotated, and is rotated back.

    What `anchor="transformed-inputs"` is to layers on a group, to one of images: in
    expectation the share has a kernel that is the mean of its rotations by 90°.

    Args:
        *arguments: Of `keras.layers.Conv2D`.
        share: Float, of inputs that are rotated in training.
        **kwargs: Of `keras.layers.Conv2D`.
    """

    def __init__(self, *arguments, share, **kwargs):
        super().__init__(*arguments, **kwargs)
        self.share = share
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, inputs, training=False):
        if not training:
            return super().call(inputs)
        ops = keras.ops
        count = (ops.shape(inputs)[0],)
        drawn = keras.random.uniform(count, seed=self.seed_generator) / self.share
        turns = ops.where(drawn < 1, ops.cast(ops.floor(4 * drawn), "int32"), 0)
        outputs = super().call(rotated(inputs, turns))
        return rotated(outputs, (4 - turns) % 4)


def rotated(images, turns):
    """Each image rotated by its own multiple of 90°.

    Args:
        images: Tensor of shape `(batch, size, size, channels)`.
        turns: Integer tensor of shape `(batch,)`, from 0 to 3.
    """
    ops = keras.ops
    each = [ops.rot90(images, turn, axes=(1, 2)) for turn in range(4)]
    chosen = ops.one_hot(turns, 4, dtype=images.dtype)
    return sum(
        copy * chosen[:, turn][:, None, None, None] for turn, copy in enumerate(each)
    )


def last_rotated(model, task, share) -> keras.Model:
    """A CNN, of whose last convolution a share of inputs is rotated in training.

    Args:
        model: `keras.Sequential`.
        task: `Task`.
        share: Float.
    """
    last = sc.networks.convolution_layers(model)[-1]
    layers = []
    for layer in model.layers:
        kind, more = type(layer), {}
        if layer is last:
            kind, more = RotatedConv2D, {"share": share}
        layers.append(kind(**layer.get_config(), **more))
    found = keras.Sequential([keras.Input(model.input_shape[1:]), *layers])
    found.set_weights(model.get_weights())
    return found


def weighted_pooling(anchor, exact, task, strength) -> keras.Model:
    """A network whose pooling over the group can weight the elements.

    Args:
        anchor: String, of `GroupPooling`.
        exact: `keras.Model`, with group convolutions, which are trained too.
        task: `Task`.
        strength: Float, of the anchor.
    """
    pooling = sc.layers.GroupPooling("anchored", anchor, strength)
    layers = []
    for layer in exact.layers:
        if isinstance(layer, keras.layers.GlobalAveragePooling3D):
            layers += [pooling, keras.layers.GlobalAveragePooling2D("channels_last")]
        else:
            layers.append(layer)
    return keras.Sequential([keras.Input(exact.input_shape[1:]), *layers])


class ChangingStrength(keras.callbacks.Callback):
    """Strengths of decoupled anchors that rise or fall from epoch to epoch.

    Args:
        first: Float, in the first epoch.
        last: Float, in the last.
    """

    def __init__(self, first, last):
        super().__init__()
        self.first, self.last = first, last
        self.strength = keras.Variable(float(first), trainable=False)

    def on_train_begin(self, logs=None):
        for layer in sc.networks.convolution_layers(self.model):
            for weight in layer.student.weights:
                if isinstance(weight.constraint, DecoupledAnchor):
                    weight.constraint.strength = self.strength

    def on_epoch_begin(self, epoch, logs=None):
        passed = epoch / max(1, self.params["epochs"] - 1)
        self.strength.assign(self.first + passed * (self.last - self.first))
