"""Layers with fixed kernels, and the forms that they are fused to."""

from symclone_tf.cloning.closed_form import solve
from symclone_tf.layers.cloned_conv2d import ClonedConv2D

from clones import dense


def make(rng, group="c4", lifting=True, channels=1, filters=1, hidden=(), **options):
    student = dense(group, lifting, 7, hidden_units=hidden, seed=0)
    student.build()
    if hidden:
        for weight in student.weights:
            weight.assign(rng.normal(size=weight.shape, scale=0.1))
    else:
        solve(student)
    layer = ClonedConv2D(filters, student, **options)
    layer.build((None, *student.input_shapes((channels,))[0]))
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


# Options, and the cheapest form where a convolution is not available.
CASES = [
    ({"filters": 1}, "dense"),
    ({"filters": 2}, "dense"),
    ({"filters": 3}, "factored"),
    ({"group": "t2", "channels": 1, "filters": 8}, "dense"),
    ({"group": "t2", "channels": 3, "filters": 2}, "dense"),
    ({"group": "t2", "channels": 5, "filters": 8}, "factored"),
    ({"lifting": False, "channels": 2, "filters": 3}, "factored"),
    ({"lifting": False, "channels": 1, "filters": 1}, "factored"),
    ({"group": "d4", "filters": 2, "activation": "relu"}, "factored"),
    ({"filters": 1, "activation": "relu", "use_bias": False}, "dense"),
    ({"filters": 5, "use_bias": False}, "factored"),
    ({"lifting": False, "channels": 5, "filters": 3}, "factored"),
    ({"group": "d4", "lifting": False, "channels": 3, "use_bias": False}, "factored"),
    ({"filters": 1, "hidden": (6,)}, "factored"),
    ({"filters": 1, "channels": 9, "hidden": (6,)}, "factored"),
    ({"lifting": False, "filters": 3, "channels": 2, "hidden": (6, 5)}, "factored"),
]
FORMS = [
    *[({**options, "compute": "blocks"}, form) for options, form in CASES],
    *[(options, "convolution") for options, _ in CASES if "hidden" not in options],
]
