"""Running an experiment: does a network keep its symmetry, or leave it?"""

import dataclasses
import time

import keras
import numpy as np

from symclone_tf.cloning import (
    Checkpoint,
    TrainingProgress,
    checkpoint_file,
    skip,
    versions,
)
from symclone_tf.errors import CloningError
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.network_layouts import network_students
from symclone_tf.experiments.opening import open_data
from symclone_tf.experiments.task_transformations import task_class_names
from symclone_tf.experiments.tasks import image_task
from symclone_tf.networks import convolution_layers, deviations, layer_errors
from symclone_tf.symmetry import equivariance_error
from symclone_tf.workspace import Workspace, load_or_clone

# How many test images the equivariance errors are measured on.
WATCHED = 16


def run_experiment(
    experiment,
    workspace=None,
    checkpoint=None,
    resume=False,
    images=None,
):
    """Trains one network on one task, and measures what became of it.

    Clones that are not there are made first, and exported, once the images are open.

    Args:
        experiment: `Experiment`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.
        checkpoint: `Checkpoint` in which a long training keeps its state, see
            `experiment_checkpoint`, or `None`. Who keeps the result then
            removes it.
        resume: Boolean, whether to go on from the state that an interrupted
            training of the same experiment has kept. It ends as that would
            have; its `seconds` are those of the last run.
        images: `Images`, those of the experiment's `data`; `None` to open them.

    Returns:
        Pair of the trained `keras.Model` and a dictionary: `accuracy` and
        `loss` on test images as the task moves them; `upright_accuracy`, on
        the same images where they are, for invariance, else `None`;
        `parameters`, without anchors; `seconds` and `seconds_per_epoch`, of this
        run's epochs, or `None` if there were none left to train;
        `equivariance_error`, with each convolution's and the whole `network`'s,
        before and after training; `deviation`, of anchored convolutions, as
        `Deviation` has it; `class_names`, as `task_class_names` has them;
        `versions`; and the experiment's `options`.

    Raises:
        ValueError: If a choice is not accepted.
        DataError: If there is no such data, see `open_images`.
        CloningError: If training ends in numbers that are not finite.
        ArtifactError: If the kept state cannot be read.

    Example:

    >>> file = f"{directory}/noise.npz"
    >>> noise = np.random.default_rng(0).integers(256, size=(40, 16, 16))
    >>> np.savez(file, x_train=noise.astype("uint8"), y_train=np.arange(40) % 2)
    >>> experiment = Experiment("mlp", "c2", "breaking", data=file, epochs=1)
    >>> model, metrics = run_experiment(experiment, Workspace(verbose=0))
    >>> error = metrics["equivariance_error"]["network"]
    >>> error["after"] > 0.001  # an mlp does not keep turns
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 4
    """
    workspace = Workspace.of(workspace)
    if images is None:
        experiment, images = open_data(experiment, workspace)
    experiment = experiment.complete(images)
    start = time.perf_counter()
    data = _Data(experiment, images)
    model = _network(experiment, workspace, data)
    model.compile(
        keras.optimizers.AdamW(experiment.learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # On CPUs XLA slows down all but the largest trained students.
        jit_compile=_has_gpu(),
    )
    before = _errors(model, experiment, data.watched)
    seconds = _fit(model, experiment, data, workspace.verbose, checkpoint, resume)
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
        "seconds_per_epoch": round(float(np.mean(seconds)), 2) if seconds else None,
        "equivariance_error": {
            name: {"before": before[name], "after": error}
            for name, error in _errors(model, experiment, data.watched).items()
        },
        "deviation": {
            name: {
                "norm": deviation.norm,
                "places": deviation.positions.tolist(),
                "elements": deviation.elements.tolist(),
            }
            for name, deviation in deviations(model).items()
        },
        "class_names": data.class_names,
        "versions": versions(),
        "options": dataclasses.asdict(experiment),
    }
    return model, metrics


def experiment_checkpoint(experiment, directory) -> Checkpoint:
    """Where the training of an experiment keeps its state.

    Args:
        experiment: `Experiment`.
        directory: String or path, in a hidden folder of which it is.

    Returns:
        `Checkpoint`.

    Example:

    >>> experiment = Experiment("cnn", "t2")
    >>> file = experiment_checkpoint(experiment, directory).file
    >>> file.parent.name, file.name.startswith(experiment.name)
    ('.unfinished', True)
    """
    options = dataclasses.asdict(experiment.complete())
    return Checkpoint(checkpoint_file(directory, experiment.name, options))


class _Data:
    """The images of an experiment, as its task moves them."""

    def __init__(self, experiment, images):
        def moved(split, size, **options):
            return image_task(
                images,
                experiment.task,
                experiment.group,
                split,
                size,
                experiment.canvas,
                experiment.max_translation,
                batch_size=experiment.batch_size,
                seed=experiment.seed,
                **options,
            )

        self.channels = images.channels
        self.class_names = task_class_names(
            experiment.task, experiment.group, images.class_names
        )
        self.train = moved("train", experiment.train_size)
        self.test = moved("test", experiment.test_size)
        self.upright = None
        if experiment.task == "invariance":
            self.upright = moved("test", experiment.test_size, moved=False)
        # Where they are, so that hardly anything is shifted off the canvas.
        few = min(WATCHED, images.counts["test"])
        watched = moved("test", few, moved=False)
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


def _network(experiment, workspace, data):
    students, options = None, {}
    if experiment.architecture == "cloned":
        students = find_or_clone(experiment, workspace)
        options["symmetry"] = experiment.symmetry
        for name in ("anchor", "anchor_strength", "trainable_part"):
            if getattr(experiment, name) is not None:
                options[name] = getattr(experiment, name)
    return image_network(
        experiment.architecture,
        experiment.group,
        len(data.class_names),
        experiment.canvas,
        students,
        dropout=experiment.dropout,
        seed=experiment.seed,
        channels=data.channels,
        **options,
    )


def find_or_clone(experiment, workspace=None) -> list:
    """The students of an experiment's network, trained.

    Args:
        experiment: `Experiment`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.

    Returns:
        List of `Student`, four for images of up to 64 pixels.

    Example:

    >>> experiment = Experiment("cloned", "c2", data="cells.npz", image_size=16)
    >>> for student in network_students("c2", canvas=16, seed=0):
    ...     path = export(student, directory)  # in the position of trained ones
    >>> workspace = Workspace(clones=directory, verbose=0)
    >>> [s.teacher.name for s in find_or_clone(experiment, workspace)]
    ['c2-lifting-16x16-k3', 'c2-group-14x14-k3', 'c2-group-6x6-k3', 'c2-group-4x4-k3']
    """
    workspace = Workspace.of(workspace)
    experiment = experiment.complete()
    wanted = network_students(
        experiment.group,
        experiment.canvas,
        blocks=experiment.blocks,
        student=experiment.student,
        seed=0,
        dtype="float32",
    )
    return load_or_clone(wanted, workspace.clones, workspace.verbose)


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
            max_translation=experiment.max_translation,
        ),
    }


def _has_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
