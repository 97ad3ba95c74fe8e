"""Networks with layers, models, losses and functions of one's own."""

import keras
import numpy as np
from keras import layers

from networks import settle


@keras.saving.register_keras_serializable("tests")
class Block(layers.Layer):
    """A convolution and its normalisation, made by the constructor."""

    def __init__(self, width, **options):
        super().__init__(**options)
        self.width = width
        self.conv = layers.Conv2D(width, 3, padding="same", name="conv")
        self.norm = layers.BatchNormalization()

    def build(self, shape):
        self.conv.build(shape)
        self.norm.build((*shape[:-1], self.width))

    def call(self, x, training=None):
        return keras.ops.relu(self.norm(self.conv(x), training=training))

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("tests")
class LateBlock(layers.Layer):
    """Two convolutions in a list, made when the layer is built."""

    def __init__(self, width, **options):
        super().__init__(**options)
        self.width = width

    def build(self, shape):
        self.convs = [layers.Conv2D(self.width, 3, padding="same") for _ in range(2)]
        for conv, channels in zip(self.convs, (shape[-1], self.width)):
            conv.build((*shape[:-1], channels))

    def call(self, x):
        for conv in self.convs:
            x = conv(x)
        return x

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    """A model that no graph tells of."""

    def __init__(self, width=4, **options):
        super().__init__(**options)
        self.block = Block(width)
        self.pool = layers.GlobalAveragePooling2D()
        self.answers = layers.Dense(2)

    def call(self, x, training=None):
        return self.answers(self.pool(self.block(x, training=training)))


@keras.saving.register_keras_serializable("tests")
class Backbone(keras.Model):
    """A functional model whose constructor makes its layers, for images of any size."""

    def __init__(self, width=3, **options):
        images = keras.Input((None, None, 3), name="images")
        first = layers.Conv2D(width, 3, strides=2, padding="same", name="first")
        x = middle = first(images)
        x = layers.Conv2D(width, 3, padding="same", name="second")(x)
        super().__init__(images, x, **options)
        self.width, self.levels = width, {"P1": middle, "P2": x}

    def get_config(self):
        return {"name": self.name, "width": self.width}


@keras.saving.register_keras_serializable("tests")
class Classifier(keras.Model):
    """A functional model around another, with what it does to raw pixels outside."""

    def __init__(self, backbone, **options):
        self.backbone = backbone
        images = keras.Input((12, 12, 3))
        x = layers.GlobalAveragePooling2D()(backbone(images))
        super().__init__(images, layers.Dense(2)(x), **options)

    def train_step(self, data):
        return {"mine": keras.ops.convert_to_tensor(float(self.backbone.width))}

    def predict_step(self, data):
        return super().predict_step(data / 255)

    def get_config(self):
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return {"name": self.name, "backbone": backbone}

    @classmethod
    def from_config(cls, config):
        backbone = keras.saving.deserialize_keras_object(config.pop("backbone"))
        return cls(backbone, **config)


def functional(*parts, shape=(12, 12, 3)):
    """A functional model of layers one after the other."""
    x = images = keras.Input(shape)
    for part in parts:
        x = part(x)
    model = keras.Model(images, x)
    settle(model)
    return model


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 12, 12, 3), "float32"))
    settle(model)
    return model


def classifier():
    model = Classifier(Backbone())
    settle(model)
    return model


def siamese():
    """One encoder for two images."""
    first, second = keras.Input((12, 12, 3)), keras.Input((12, 12, 3))
    encoder = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    model = keras.Model([first, second], encoder(first) - encoder(second))
    settle(model)
    return model


def of_an_image_and_facts():
    """Two inputs by name: an image of any size, and numbers."""
    image = keras.Input((None, None, 3), name="image")
    facts = keras.Input((5,), name="facts")
    features = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(image))
    outputs = layers.Dense(2)(layers.Concatenate()([features, facts]))
    model = keras.Model({"image": image, "facts": facts}, outputs)
    settle(model)
    return model
