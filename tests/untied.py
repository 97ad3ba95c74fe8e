"""Convolutions of Keras whose weights are untied by clones."""

import keras
import numpy as np

import symclone_tf as sc
from symclone_tf.layers import cloned_layer_of
from symclone_tf.layers.conversion import teacher_of


def built(kind, shape, **options):
    """A layer of Keras' own whose weights are all random, its bias too."""
    layer = getattr(keras.layers, kind)(**{"filters": 3, "kernel_size": 3, **options})
    layer.build((None, *shape))
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


def untied(layer, shape, student="local", **options):
    """A clone of a layer, for inputs of a shape without the batch."""
    student, _ = sc.clone(
        teacher_of(layer, (None, *shape)),
        student=student,
        solver="closed-form",
        verbose=0,
    )
    return cloned_layer_of(layer, student, **options)


def change(layer, rng, size=0.1):
    """Changes the student of a layer, as training does."""
    for weight in layer.student.weights:
        weight.assign(weight + size * rng.normal(size=weight.shape))
    layer.student.weights_changed()
