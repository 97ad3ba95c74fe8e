"""The methods that are compared: convolutions, and their regularisation."""

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf

import symclone_tf as sc
from benchmarks.almost_symmetric.regularised import (
    Augmented,
    ChangingStrength,
    last_rotated,
    weighted_pooling,
)
from benchmarks.peers import PEERS
from benchmarks.peers.constrained import Constrained
from benchmarks.peers.multitask import multitask
from benchmarks.peers.soft_regularization import soft_regularized

DIGITS = ("invariance", "breaking")
# Tasks of groups of rotations, whose layers have elements to untie.
ROTATED = (*DIGITS, "sixes")


@dataclasses.dataclass(frozen=True)
class Method:
    """A kind of convolutions, and the strengths that it is tried with.

    Attributes:
        title: String, as tables and figures show it.
        strengths: Tuple of floats; empty where there is nothing to choose.
        architecture: Callable, of a `Task`, a strength and clones, that gives what
            `Task.network` takes.
        tasks: Tuple of strings, the beginnings of tasks that it is for; empty for
            all.
        finished: Callable, of a network and a strength, that gives the network that
            is trained; or `None`.
        callbacks: Callable, of a strength, that gives Keras callbacks; or `None`.
        group: String, of the layers, in place of the task's; or `None`.
    """

    title: str
    strengths: tuple[float, ...] = ()
    architecture: Callable = None
    tasks: tuple[str, ...] = ()
    finished: Callable | None = None
    callbacks: Callable | None = None
    group: str | None = None

    def takes(self, task) -> bool:
        """Whether it is for a task."""
        return not self.tasks or task.name.startswith(self.tasks)

    def network(self, task, strength, seed, clones) -> keras.Model:
        """The network, not yet trained.

        Args:
            task: `Task`.
            strength: Float, or `None`.
            seed: Integer, of the initial weights.
            clones: String or path, the root of all clones.
        """
        if self.group:
            task = dataclasses.replace(task, group=self.group)
        architecture = self.architecture(task, strength, clones)
        model = task.network(architecture, seed)
        return self.finished(model, task, strength) if self.finished else model


def _named(architecture):
    return lambda task, strength, clones: architecture


def _peer(kind):
    kind = PEERS.get(kind, kind)
    return lambda task, strength, clones: functools.partial(kind, strength=strength)


def _clones(
    symmetry="anchored", student="local", last_only=False, part=None, **options
):
    """Clones of a task's convolutions, all or only the last of them regularised."""

    def architecture(task, strength, clones):
        wanted = [
            sc.students.make_student(student, teacher, seed=0, dtype="float32")
            for teacher in task.teachers
        ]
        students = iter(sc.workspace.load_or_clone(wanted, clones, verbose=0))
        treatment = dict(options)
        if symmetry == "anchored":
            treatment["anchor_strength"] = strength
        if last_only:
            usual = "blocks" if task.group == "t2" else "encoder"
            treatment["trainable_part"] = part or usual
        remaining = len(wanted)

        def convolution(filters, kernel_size, group, **of_keras):
            nonlocal remaining
            remaining -= 1
            if last_only and remaining:
                return sc.ClonedConv2D(filters, next(students), **of_keras)
            return sc.ClonedConv2D(
                filters, next(students), symmetry, **treatment, **of_keras
            )

        return convolution

    return architecture


def _last_untied(symmetry="anchored", **options):
    """Group convolutions, the last of which has a kernel for each element."""

    def architecture(task, strength, clones):
        treatment = options | {"symmetry": symmetry, "seed": 0}
        if symmetry == "anchored":
            treatment["anchor_strength"] = strength
        remaining = len(task.teachers)

        def convolution(filters, kernel_size, group, **of_keras):
            nonlocal remaining
            remaining -= 1
            kind, chosen = sc.GroupConv2D, {}
            if not remaining:
                kind, chosen = sc.layers.UntiedGroupConv2D, treatment
            return kind(filters, kernel_size, group, **chosen, **of_keras)

        return convolution

    return architecture


def _last_peer(name):
    """Group convolutions, the last of which is a peer, of whose inputs a share is
    transformed."""

    def architecture(task, share, clones):
        remaining = len(task.teachers)

        def convolution(*arguments, **of_keras):
            nonlocal remaining
            remaining -= 1
            if remaining:
                return sc.GroupConv2D(*arguments, **of_keras)
            return PEERS[name](*arguments, share=share, **of_keras)

        return convolution

    return architecture


def _augmented(model, task, strength):
    """The network behind a layer of data augmentation."""
    augmented = Augmented(task.group, task.canvas, strength)
    return keras.Sequential([keras.Input(model.input_shape[1:]), augmented, model])


def _changing(first, last):
    return lambda strength: [ChangingStrength(first * strength, last * strength)]


LAST = {"last_only": True}
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5)
# What may break the symmetry in the last layer alone, all regularised alike.
LAST_CLONE = "last clone, transformed inputs"
LAST_UNTIED = "gcnn, last untied, transformed inputs"
LAST_CNN = "cnn, last layer's inputs transformed"
LAST_PEERS = {
    f"gcnn, last {name}, transformed inputs": name
    for name in ("relaxed rotation", "relaxed translation", "rpp", "position bias")
}
REGULARISED = (LAST_CLONE, LAST_UNTIED, *LAST_PEERS, LAST_CNN)
METHODS = (
    Method("mlp", (), _named("mlp"), ("invariance", "breaking", "digit", "quadrant")),
    Method("cnn", (), _named("cnn")),
    Method("gcnn", (), _named("gcnn")),
    Method(
        "cnn, augmented images",
        (0.2, 0.3, 0.5, 0.7),
        _named("cnn"),
        (*DIGITS, "digit", "quadrant", "sixes"),
        _augmented,
    ),
    Method("clones, frozen", (), _clones("frozen")),
    Method("clones, trainable", (), _clones("trainable")),
    Method("clones, kl", (1e2, 1e3, 1e4), _clones(anchor="kl"), DIGITS),
    Method(
        "clones, decoupled L2-SP",
        (10.0, 30.0, 100.0, 300.0),
        _clones(anchor="decoupled-l2-sp"),
    ),
    Method(
        "clones, transformed inputs",
        (0.2, 0.3, 0.5, 0.7),
        _clones(anchor="transformed-inputs"),
    ),
    Method(
        "Dense clones, transformed inputs",
        (0.5,),
        _clones(student="dense", anchor="transformed-inputs"),
        DIGITS,
    ),
    Method("last clone, trainable", (), _clones("trainable", **LAST)),
    Method(
        "last clone, L2-SP",
        (0.01, 0.03, 0.1, 0.3),
        _clones(anchor="l2-sp", **LAST),
        DIGITS,
    ),
    Method(
        "last clone, decoupled L2-SP",
        (15.0, 30.0, 45.0, 60.0, 100.0),
        _clones(anchor="decoupled-l2-sp", **LAST),
    ),
    Method(
        "last clone, decoupled L2-SP, rising",
        (15.0, 30.0),
        _clones(anchor="decoupled-l2-sp", **LAST),
        DIGITS,
        callbacks=_changing(0, 2),
    ),
    Method(
        "last clone, decoupled L2-SP, falling",
        (15.0, 30.0),
        _clones(anchor="decoupled-l2-sp", **LAST),
        DIGITS,
        callbacks=_changing(2, 0),
    ),
    Method(
        "last clone, proximal",
        (0.1, 0.3, 0.5, 1.0),
        _clones(anchor="proximal", **LAST),
        DIGITS,
    ),
    Method(
        LAST_CLONE,
        SHARES,
        _clones(anchor="transformed-inputs", **LAST),
    ),
    Method(
        "last regional clone, trainable everywhere",
        (),
        _clones("trainable", "regional", part="all", **LAST),
    ),
    Method(
        "last clone of C8, trainable",
        (),
        _clones("trainable", **LAST),
        ("plumes",),
        group="c8",
    ),
    Method("gcnn of C8", (), _named("gcnn"), ("plumes",), group="c8"),
    Method("gcnn, last untied", (), _last_untied("trainable"), (*ROTATED, "plumes")),
    Method(
        LAST_UNTIED,
        SHARES,
        _last_untied(anchor="transformed-inputs"),
        ROTATED,
    ),
    Method(
        "gcnn, last untied, decoupled L2-SP",
        (15.0, 30.0, 45.0, 60.0, 100.0),
        _last_untied(anchor="decoupled-l2-sp"),
        ROTATED,
    ),
    Method(
        "gcnn, pooling, decoupled L2-SP",
        (10.0, 30.0, 100.0),
        _named("gcnn"),
        DIGITS,
        functools.partial(weighted_pooling, "decoupled-l2-sp"),
    ),
    Method(
        "gcnn, pooling, proximal",
        (0.1, 0.2, 0.3, 0.5),
        _named("gcnn"),
        DIGITS,
        functools.partial(weighted_pooling, "proximal"),
    ),
    Method("rpp", (1e-6, 1e-5, 1e-4, 1e-3), _peer("rpp")),
    Method(
        "relaxed rotation",
        (0.0, 1e-3, 1e-2, 1e-1),
        _peer("relaxed rotation"),
        (*DIGITS, "sixes", "plumes"),
    ),
    Method("relaxed translation", (0.0, 1e-1, 1.0), _peer("relaxed translation")),
    Method("position bias", (0.0, 1e-3, 1e-2), _peer("position bias")),
    Method("untied", (0.0, 1e-4, 1e-3, 1e-2), _peer("untied")),
    *(
        Method(title, SHARES, _last_peer(name), (*DIGITS, "sixes turned"))
        for title, name in LAST_PEERS.items()
    ),
    Method(LAST_CNN, SHARES, _named("cnn"), DIGITS, last_rotated),
    Method("cnn, REMUL", (0.1, 0.3, 1.0, 3.0, 10.0), _named("cnn"), DIGITS, multitask),
    Method(
        "cnn, SER", (0.1, 0.3, 1.0, 3.0, 10.0), _named("cnn"), DIGITS, soft_regularized
    ),
    Method("ace", (1e-4, 3e-4, 1e-3, 3e-3, 1e-2), _peer(Constrained), ROTATED),
)


def trained(method, model, data, strength, epochs) -> None:
    """Trains a method's network, for labels or for the next frame."""
    labels = data.element_spec[1].dtype.is_integer
    model.compile(
        keras.optimizers.AdamW(1e-3),
        "sparse_categorical_crossentropy" if labels else "mse",
        metrics=["accuracy"] if labels else [keras.metrics.RootMeanSquaredError()],
        jit_compile=False,
    )
    callbacks = method.callbacks(strength) if method.callbacks else []
    model.fit(
        data.prefetch(tf.data.AUTOTUNE),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
