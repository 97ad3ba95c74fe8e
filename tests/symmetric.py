"""A classifier of which nothing commutes with a group, and how far it deviates."""

import keras
import numpy as np
from keras import layers

from symclone_tf.symmetry import get_group

from networks import settle


def classifier(shape=(8, 8, 2), activation="softmax", **compiled):
    """Nothing of it commutes with a reflection or a rotation."""
    keras.utils.set_random_seed(0)
    body = [
        layers.Conv2D(4, 3, 2, "same", activation="relu", name="first"),
        layers.BatchNormalization(),
        layers.Conv2D(5, 3, padding="same", activation="relu", name="second"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(3, activation, name="kind"),
    ]
    model = keras.Sequential([keras.Input(shape, name="image"), *body], name="net")
    settle(model)
    if compiled:
        model.compile(**compiled)
    return model


def images_of(model, count=4):
    shape = model.inputs[0].shape[1:]
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, *shape)).astype("float32")


def largest_deviation(model, images, group):
    whole, expected = get_group(group), np.array(model(images))
    return max(
        np.abs(model(whole.transform(images, element)) - expected).max()
        for element in range(whole.order)
    )


def rectangles():
    """Such a classifier of images that are not square."""
    return classifier((6, 9, 1))
