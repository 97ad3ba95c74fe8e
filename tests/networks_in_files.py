"""Networks of every kind of clone: writes them to files, with their outputs.

`python networks_in_files.py` writes to the folder it runs in, on the backend that
`KERAS_BACKEND` names.
"""

import copy
import pathlib

import keras
import numpy as np

import symclone_tf as sc
from symclone_tf.backends import backend

KINDS = {
    "frozen": {},
    "trainable": {"symmetry": "trainable"},
    "encoder": {"symmetry": "trainable", "trainable_part": "encoder"},
    "transformed-inputs": {"symmetry": "anchored", "seed": 0},
    "decoupled": {"symmetry": "anchored", "anchor": "decoupled-l2-sp"},
    "proximal": {"symmetry": "anchored", "anchor": "proximal"},
    "l2-sp": {"symmetry": "anchored", "anchor": "l2-sp"},
    "kl": {"symmetry": "anchored", "anchor": "kl"},
}
IMAGES = np.random.default_rng(0).normal(size=(8, 8, 8, 1)).astype("float32")
LABELS = np.arange(8) % 4
SHAPE = IMAGES.shape[1:]


def students():
    """The students of a network's two layers."""
    lifting, group = sc.ConvTeacher("c4", 8), sc.ConvTeacher("c4", 6, lifting=False)
    made = sc.DenseStudent(lifting, seed=0), sc.students.RegionalStudent(group, seed=0)
    for student in made:
        sc.cloning.solve(student)
    return made


def network(kind, first, second):
    """A network whose last clone is of a kind, compiled."""
    model = keras.Sequential(
        [keras.Input(SHAPE), sc.ClonedConv2D(2, first, activation="relu")]
    )
    for layer in last_layers(kind, second):
        model.add(layer)
    return compiled(model)


def last_layers(kind, student):
    """The second clone, of a kind, and what follows it."""
    return [
        sc.ClonedConv2D(2, student, activation="relu", **KINDS[kind]),
        sc.layers.GroupPooling(),
        sc.layers.CentredMaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(4),
    ]


def all_kinds(first, second):
    """A network with an output for each kind of clone, compiled."""
    inputs = keras.Input(SHAPE)
    maps = sc.ClonedConv2D(2, first, activation="relu")(inputs)
    outputs = {}
    for kind in KINDS:
        outputs[kind] = maps
        for layer in last_layers(kind, copy.deepcopy(second)):
            outputs[kind] = layer(outputs[kind])
    return compiled(keras.Model(inputs, outputs))


def branches(layers, classes=4):
    """A network of layers side by side, compiled: one compilation for all of them.

    `layers` are pairs, by name, of a layer and the shape of its inputs. Each has an
    output of its own, and a loss.
    """
    inputs, outputs = {}, {}
    for name, (layer, shape) in layers.items():
        image = inputs[f"{name}-image"] = keras.Input(shape, name=f"{name}-image")
        dense = keras.layers.Dense(classes, kernel_initializer=initializer())
        outputs[name] = dense(keras.layers.Flatten()(layer(image)))
    return compiled(keras.Model(inputs, outputs))


def initializer():
    return keras.initializers.GlorotUniform(seed=1)


def by_name(model, side):
    """The inputs or outputs of a network of several; none of others."""
    # Sequential models have no such attribute.
    found = getattr(model, side, None)
    return found if isinstance(found, dict) else {}


def compiled(model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    names = by_name(model, "output")
    losses = dict.fromkeys(names, loss) or loss
    jit = backend().compiles_steps()
    model.compile(keras.optimizers.Adam(0.003), losses, jit_compile=jit)
    return model


def fit(model, epochs=2):
    """Fits a network, and returns its losses, by name if it has several outputs."""
    images, labels = IMAGES, LABELS
    names = by_name(model, "output")
    if inputs := by_name(model, "input"):
        images = {name: draw(each.shape) for name, each in inputs.items()}
    if names:
        labels = dict.fromkeys(names, LABELS)
    found = model.fit(images, labels, batch_size=4, epochs=epochs, verbose=0).history
    return {name: found[f"{name}_loss"] for name in names} or found["loss"]


def draw(shape):
    rng = np.random.default_rng(0)
    return rng.normal(size=(len(LABELS), *shape[1:])).astype("float32")


def others():
    """What is written beside: teachers as layers, and a relaxed network."""
    grouped = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            sc.GroupConv2D(3, 3, group="d4"),
            sc.GroupConv2D(3, 3, group="d4"),
            sc.layers.GroupPooling(),
        ]
    )
    convolutions = [keras.layers.Conv2D(3, 3, activation="relu") for _ in range(2)]
    plain = keras.Sequential([keras.Input((8, 8, 1)), *convolutions])
    relaxed, _ = sc.relax(plain, regions=2)
    return {"teachers": grouped, "relaxed": relaxed}


def write(folder):
    keras.utils.set_random_seed(0)
    made = students()
    clones = all_kinds(*made)
    fit(clones, epochs=1)
    for name, model in {"clones": clones, **others()}.items():
        model.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.npz", **outputs(model))


def outputs(model):
    """The outputs of a network as arrays, by name."""
    found = model(IMAGES, training=False)
    found = found if isinstance(found, dict) else {"only": found}
    return {name: keras.ops.convert_to_numpy(each) for name, each in found.items()}


if __name__ == "__main__":
    write(pathlib.Path())
