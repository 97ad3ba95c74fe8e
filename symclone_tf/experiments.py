"""Experiments: does a network keep its symmetry, or leave it where it should?"""

import dataclasses
import time

import keras
import numpy as np

from symclone_tf.callbacks import layer_errors
from symclone_tf.checkpoints import Checkpoint, checkpoint_file, skip
from symclone_tf.checks import one_of, positive_integer, positive_number
from symclone_tf.cloning import versions
from symclone_tf.datasets import TASKS, canvas_and_shift, classes, mnist_task
from symclone_tf.errors import CloningError
from symclone_tf.exporting import load_or_clone
from symclone_tf.groups import get_group
from symclone_tf.layers import ANCHORS, SYMMETRIES
from symclone_tf.metrics import equivariance_error
from symclone_tf.networks import (
    ARCHITECTURES,
    convolution_layers,
    mnist_network,
    network_students,
)
from symclone_tf.progress import TrainingProgress

# How many test digits the equivariance errors are measured on.
WATCHED = 16


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One network, trained on one task.

    Attributes:
        architecture: String, `"mlp"`, `"cnn"`, `"gcnn"` or `"cloned"`.
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        task: String, `"invariance"` or `"breaking"`, see `mnist_task`.
        symmetry: String, of `ClonedConv2D`; `None` for `"frozen"`. This and
            the next three are for `"cloned"` only.
        blocks: Integer, of the clones; `None` for 9.
        anchor: String, of `ClonedConv2D`; `None` for `"kl"`. This and the next
            are for anchored clones only.
        anchor_strength: Float, of `ClonedConv2D`; `None` for 1000.
        canvas: Integer, pixels, see `mnist_task`.
        max_shift: Integer, pixels, see `mnist_task`.
        train_size: Integer, how many digits to train on.
        test_size: Integer, how many digits to test on.
        epochs: Integer.
        batch_size: Integer.
        learning_rate: Float, of AdamW.
        dropout: Float, see `mnist_network`.
        seed: Integer, of weights, dropout, moves and order.
    """

    architecture: str = "cloned"
    group: str = "c4"
    task: str = "invariance"
    symmetry: str | None = None
    blocks: int | None = None
    anchor: str | None = None
    anchor_strength: float | None = None
    canvas: int | None = None
    max_shift: int | None = None
    train_size: int = 10_000
    test_size: int = 10_000
    epochs: int = 8
    batch_size: int = 64
    learning_rate: float = 1e-3
    dropout: float = 0.2
    seed: int = 0

    def complete(self) -> "Experiment":
        """The same experiment, checked, and with all defaults in it.

        Raises:
            ValueError: If a choice is not accepted, or is not for this
                architecture.
        """
        one_of("architecture", self.architecture, ARCHITECTURES)
        get_group(self.group)
        one_of("task", self.task, TASKS)
        for name in ("train_size", "test_size", "epochs", "batch_size"):
            positive_integer(name, getattr(self, name))
        positive_number("learning_rate", self.learning_rate)
        if not 0 <= self.dropout < 1:
            raise ValueError(
                "`dropout` must be at least 0 and less than 1. "
                f"Received: dropout={self.dropout}"
            )
        canvas, shift = canvas_and_shift(self.group, self.canvas, self.max_shift)
        return dataclasses.replace(
            self, canvas=canvas, max_shift=shift, **self._of_clones()
        )

    def _of_clones(self) -> dict:
        """What is for some architectures only, with its defaults there."""
        cloned = self.architecture == "cloned"
        chosen = self._only(
            cloned, "`architecture` cloned", {"symmetry": "frozen", "blocks": 9}
        )
        anchored = cloned and chosen["symmetry"] == "anchored"
        chosen |= self._only(
            anchored, "`symmetry` anchored", {"anchor": "kl", "anchor_strength": 1000.0}
        )
        if cloned:
            one_of("symmetry", chosen["symmetry"], SYMMETRIES)
            positive_integer("blocks", chosen["blocks"])
        if anchored:
            one_of("anchor", chosen["anchor"], ANCHORS)
            positive_number("anchor_strength", chosen["anchor_strength"])
        return chosen

    def _only(self, accepted, where, defaults) -> dict:
        chosen = {name: getattr(self, name) for name in defaults}
        for name, value in chosen.items():
            if value is not None and not accepted:
                raise ValueError(
                    f"`{name}` is for {where} only. Received: {name}={value}"
                )
            if value is None and accepted:
                chosen[name] = defaults[name]
        return chosen

    @property
    def network(self) -> str:
        """The network in a few words, as tables show it.

        Example:

        >>> Experiment("cloned", symmetry="anchored", anchor_strength=10).network
        'cloned, 9 blocks, anchored (kl 10)'
        """
        full = self.complete()
        if full.architecture != "cloned":
            return full.architecture
        name = f"cloned, {full.blocks} blocks, {full.symmetry}"
        if full.anchor:
            name += f" ({full.anchor} {full.anchor_strength:g})"
        return name

    @property
    def name(self) -> str:
        """The name that an artifact of this experiment's network gets.

        Example:

        >>> Experiment("cloned", "c4", "breaking", symmetry="trainable").name
        'c4-breaking-cloned-trainable'
        """
        full = self.complete()
        parts = [full.group, full.task, full.architecture]
        if full.architecture == "cloned":
            parts.append(full.symmetry)
            if full.blocks != 9:
                parts.append(f"b{full.blocks}")
        if full.anchor:
            parts.append(f"{full.anchor}-{full.anchor_strength:g}")
        return "-".join(parts)


def run_experiment(
    experiment,
    clones="exported",
    data_dir=None,
    verbose=1,
    checkpoint=None,
    resume=False,
):
    """Trains one network on one task, and measures what became of it.

    Clones that are not there are made first, and exported.

    Args:
        experiment: `Experiment`.
        clones: String or path, the root of all exported clones.
        data_dir: String or path, see `mnist_task`.
        verbose: Integer, 0 for silence, 1 for progress bars on stderr.
        checkpoint: `Checkpoint` in which a long training keeps its state, see
            `experiment_checkpoint`, or `None`. Who keeps the result then
            removes it.
        resume: Boolean, whether to go on from the state that an interrupted
            training of the same experiment has kept. It ends as that would
            have; its `seconds` are those of the last run.

    Returns:
        Pair of the trained `keras.Model` and a dictionary: `accuracy` and
        `loss` on test digits as the task moves them; `upright_accuracy`, on
        the same digits where they are, for invariance, else `None`;
        `parameters`, without anchors; `seconds` and `seconds_per_epoch`;
        `equivariance_error`, with each convolution's and the whole `network`'s,
        before and after training; `versions`; and the experiment's `options`.

    Raises:
        ValueError: If a choice is not accepted.
        DataError: If MNIST is not there and cannot be downloaded.
        CloningError: If training ends in numbers that are not finite.
        ArtifactError: If the kept state cannot be read.

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 4
    """
    experiment = experiment.complete()
    start = time.perf_counter()
    data = _Data(experiment, data_dir)
    model = _network(experiment, clones, verbose)
    model.compile(
        keras.optimizers.AdamW(experiment.learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # XLA pays on a GPU only.
        jit_compile=_has_gpu(),
    )
    before = _errors(model, experiment, data.watched)
    seconds = _fit(model, experiment, data, verbose, checkpoint, resume)
    loss, accuracy = model.evaluate(data.test, verbose=0)
    if not np.isfinite(loss):
        raise CloningError(
            f"Training diverged: the loss became {loss}. Lower `learning_rate`. "
            f"Received: learning_rate={experiment.learning_rate}"
        )
    upright = None
    if data.upright:
        upright = model.evaluate(data.upright, verbose=0)[1]
    metrics = {
        "accuracy": accuracy,
        "loss": loss,
        "upright_accuracy": upright,
        "parameters": _parameters(model),
        "seconds": round(time.perf_counter() - start, 2),
        "seconds_per_epoch": round(float(np.mean(seconds or [0])), 2),
        "equivariance_error": {
            name: {"before": before[name], "after": error}
            for name, error in _errors(model, experiment, data.watched).items()
        },
        "versions": versions(),
        "options": dataclasses.asdict(experiment),
    }
    return model, metrics


def experiment_checkpoint(experiment, directory) -> Checkpoint:
    """Where the training of an experiment keeps its state.

    Args:
        experiment: `Experiment`.
        directory: String or path, in a hidden folder of which it is.
    """
    options = dataclasses.asdict(experiment.complete())
    return Checkpoint(checkpoint_file(directory, experiment.name, options))


class _Data:
    """The digits of an experiment."""

    def __init__(self, experiment, data_dir):
        def digits(split, **options):
            return mnist_task(
                experiment.task,
                experiment.group,
                split,
                canvas=experiment.canvas,
                max_shift=experiment.max_shift,
                batch_size=experiment.batch_size,
                seed=experiment.seed,
                data_dir=data_dir,
                **options,
            )

        self.train = digits("train", size=experiment.train_size)
        self.test = digits("test", size=experiment.test_size)
        self.upright = None
        if experiment.task == "invariance":
            self.upright = digits("test", size=experiment.test_size, moved=False)
        # Where they are, so that nothing of a digit is shifted off the canvas.
        watched = digits("test", size=WATCHED, moved=False)
        self.watched = next(iter(watched))[0].numpy()


class _EpochSeconds(keras.callbacks.Callback):
    """The time of each epoch, without what later callbacks do at its end."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._start)


def _fit(model, experiment, data, verbose, checkpoint, resume) -> list[float]:
    """Trains, and returns each epoch's seconds."""
    timer = _EpochSeconds()
    length = len(data.train)
    steps = experiment.epochs * length
    done = checkpoint.restore(model) if checkpoint and resume else 0
    skip(data.train, model, done)
    with TrainingProgress(
        experiment.network, steps, "accuracy", ".1%", disable=not verbose, done=done
    ) as progress:
        callbacks = [progress, timer, keras.callbacks.TerminateOnNaN()]
        model.fit(
            data.train,
            epochs=experiment.epochs,
            initial_epoch=done // length,
            shuffle=False,  # the data set shuffles itself
            verbose=0,
            callbacks=[*callbacks, checkpoint] if checkpoint else callbacks,
        )
    return timer.seconds


def _network(experiment, clones, verbose):
    students, options = None, {}
    if experiment.architecture == "cloned":
        students = find_or_clone(experiment, clones, verbose)
        options["symmetry"] = experiment.symmetry
        if experiment.anchor:
            options["anchor"] = experiment.anchor
            options["anchor_strength"] = experiment.anchor_strength
    return mnist_network(
        experiment.architecture,
        experiment.group,
        classes(experiment.task),
        experiment.canvas,
        students,
        dropout=experiment.dropout,
        seed=experiment.seed,
        **options,
    )


def find_or_clone(experiment, clones="exported", verbose=1) -> list:
    """The four students of an experiment's network, trained.

    Args:
        experiment: `Experiment`.
        clones: String or path, the root of all exported clones; those that are
            missing are cloned, and exported to it.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.

    Returns:
        List of four `DenseStudent`.
    """
    experiment = experiment.complete()
    wanted = network_students(
        experiment.group,
        experiment.canvas,
        blocks=experiment.blocks,
        seed=0,
        dtype="float32",
    )
    return load_or_clone(wanted, clones, verbose)


def _parameters(model) -> int:
    """Weights that the network computes with: anchors are not among them."""
    anchors = sum(
        np.prod(anchor.shape)
        for layer in convolution_layers(model)
        for anchor in getattr(layer, "anchors", ())
    )
    return model.count_params() - int(anchors)


def _errors(model, experiment, images) -> dict[str, float]:
    """The equivariance error of each convolution, and how much the network's
    probabilities change when its images move."""
    return {
        **layer_errors(model, images, experiment.group),
        "network": equivariance_error(
            model.predict_on_batch,
            experiment.group,
            images,
            max_shift=experiment.max_shift,
        ),
    }


def _has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
