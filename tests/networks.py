"""Networks of ordinary convolutions to relax, fuse and rebuild."""

import keras
import numpy as np
from keras import layers

from symclone_tf.layers import ClonedConv2D, GroupConv2D, GroupPooling

from clones import solved


def plain(size=12, channels=2):
    """A functional network with convolutions of several kinds, one of them nested."""
    inner = keras.Sequential(
        [
            layers.Conv2D(5, 3, padding="same", activation="relu", name="inner"),
            layers.BatchNormalization(name="norm"),
        ],
        name="block",
    )
    x = images = keras.Input((size, size, channels), name="images")
    x = layers.Conv2D(
        4, 3, strides=2, padding="same", kernel_regularizer="l2", name="first"
    )(x)
    x = inner(x)
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = layers.Conv2D(5, 1, name="pointwise")(x) + y
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(3, name="answers")(x)
    model = keras.Model(images, outputs, name="plain")
    settle(model)
    return model


def on_group(group, symmetry="trainable", size=9):
    """A classifier of clones on a group: a lifting and a group convolution, and means
    over the group and over space, which are invariant."""
    images = keras.Input((size, size, 1), name="images")
    x = images
    for name, lifting in (("lifting", True), ("group", False)):
        student = solved(group, lifting, x.shape[1])
        x = ClonedConv2D(3, student, symmetry, activation="relu", name=name)(x)
    x = GroupPooling(name="over_group")(x)
    x = layers.GlobalAveragePooling2D(name="over_space")(x)
    outputs = layers.Dense(3, "softmax", name="answers")(x)
    return keras.Model(images, outputs, name=group)


def in_groups(size=12, channels=2):
    """A functional network of residual blocks whose convolutions are in groups, as in
    ResNeXt, one of them nested, one strided, and one with a group for each channel."""
    x = images = keras.Input((size, size, channels), name="images")
    x = layers.Conv2D(8, 3, padding="same", name="stem")(x)
    for name, groups, strides in (("one", 4, 1), ("two", 2, 2), ("three", 8, 1)):
        y = layers.Conv2D(8, 1, activation="relu", name=f"{name}_reduce")(x)
        options = {"strides": strides, "padding": "same", "groups": groups}
        conv = layers.Conv2D(8, 3, **options, use_bias=False, name=f"{name}_grouped")
        norm = layers.BatchNormalization(name=f"{name}_norm")
        both = [keras.Input(y.shape[1:]), conv, norm, layers.ReLU()]
        y = keras.Sequential(both, name=f"{name}_block")(y)
        y = layers.Conv2D(8, 1, name=f"{name}_expand")(y)
        if strides > 1:
            x = layers.Conv2D(8, 1, strides, name=f"{name}_shortcut")(x)
        x = layers.Add(name=name)([x, y])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(images, layers.Dense(3, name="answers")(x), name="in_groups")
    settle(model)
    return model


def classifier(*convs):
    """A compiled network of group convolutions, or clones of these."""
    model = keras.Sequential([*convs, layers.GlobalAveragePooling3D(), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def settle(model, seed=0):
    """Sets weights and statistics as those of a trained network."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(size=weight.shape) / np.sqrt(np.prod(weight.shape[:-1]))
        if "variance" in weight.path:
            values = 1 + np.abs(values)
        weight.assign(weight + 0.5 * values)


def noise(model, count=2, seed=1):
    """Random inputs of a model."""
    shape = model.input_shape[1:]
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype("float32")


def of_signals():
    """Convolutions along one axis, of each padding, strided and dilated."""
    model = keras.Sequential(
        [
            keras.Input((24, 2)),
            layers.Conv1D(4, 3, padding="causal", activation="relu", name="first"),
            layers.Conv1D(4, 4, 2, padding="same", use_bias=False, name="second"),
            layers.Conv1D(3, 2, dilation_rate=2, name="third"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2, name="last"),
        ]
    )
    settle(model)
    return model


def of_volumes():
    """A functional network of convolutions along three axes."""
    volumes = keras.Input((6, 5, 6, 1))
    x = layers.Conv3D(2, 3, padding="same", activation="relu", name="first")(volumes)
    x = layers.Conv3D(3, (2, 2, 2), strides=2, name="second")(x)
    model = keras.Model(volumes, layers.Flatten()(x))
    settle(model)
    return model


def features_of(model, images):
    """What the global average over space and group gives."""
    index = next(i for i, each in enumerate(model.layers) if "global" in each.name)
    return np.asarray(keras.Sequential(model.layers[: index + 1])(images))


def breaks_last(group="c4", size=12, channels=3):
    """Two layers that are equivariant and a convolution that is not, on images."""
    exact = [
        GroupConv2D(4, 3, group, activation="relu", name=n) for n in ("one", "two")
    ]
    inner = size - 4
    return keras.Sequential(
        [
            keras.Input((size, size, channels)),
            *exact,
            layers.Reshape((inner, inner, -1)),
            layers.Conv2D(6, 3, name="plain"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, "softmax", name="answers"),
        ]
    )
