"""One run of an experiment: a network is trained, and its equivariance measured."""

import dataclasses
import time
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from symclone_tf.cloning import Checkpoint, checkpoint_file, versions
from symclone_tf.data.images import Images
from symclone_tf.errors import CloningError
from symclone_tf.experiments.clone_options import layer_options
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import TaskImages, open_data
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.network_layouts import network_students
from symclone_tf.experiments.network_training import (
    Trained,
    compile_network,
    fit_network,
    largest_class,
    learned,
    normalization_of,
)
from symclone_tf.experiments.run_records import (
    deviations_record,
    errors_record,
    parameters,
)
from symclone_tf.experiments.strength_choice import AUTO, BEST, best_network
from symclone_tf.experiments.training_recipes import TRAINING_RECIPES, augmentation_of
from symclone_tf.networks import (
    StrengthSearch,
    layer_errors,
    network_error,
    teacher_errors,
)
from symclone_tf.networks.comparison import has_finite_weights
from symclone_tf.students import Student
from symclone_tf.symmetry import get_group
from symclone_tf.types import Array, Path
from symclone_tf.workspace import Workspace, load_or_clone


def run_experiment(
    experiment: Experiment,
    workspace: Workspace | None = None,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    images: Images | None = None,
) -> tuple[keras.Model, dict[str, Any]]:
    """Trains one network on one task, and measures its accuracy and equivariance.

    Missing clones are made first, and exported, once the images are open.

    Args:
        experiment: `Experiment`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.
        checkpoint: `Checkpoint` to which a long training writes its state, see
            `experiment_checkpoint`, or `None`. Remove it once the result is saved.
        resume: Boolean, whether to continue from the state of an interrupted training
            of the same experiment. The result is the same; `seconds` are those of the
            last run.
        images: `Images` of any source; `None` to open the experiment's `data`.

    Returns:
        Pair of the trained `keras.Model` and a dictionary: `accuracy` and
        `loss` on test images as the task transforms them; `upright_accuracy`, on
        the same images before they are transformed, for invariance, else `None`;
        `learned`, whether that accuracy, or `accuracy` where there is none, is more
        than chance makes of the share `largest_class` of test images; `parameters`,
        without anchors; `epochs`, how many were trained, and `best_epoch`, whose
        weights were kept, counted from 1; `seconds` and `seconds_per_epoch`, of this
        run's epochs, or `None` if there were none left to train;
        `equivariance_error` of each convolution and of the whole `network`, before
        and after training; where the group's transformations interpolate,
        `teacher_equivariance_error` after training, see `teacher_errors`;
        `changed_classes`, the share of the same images whose class changes under the
        group, before and after, see `NetworkEquivariance`; `deviation` of anchored
        convolutions, with the fields of `Deviation`; `class_names`, see
        `task_class_names`; the images' `notes`; `versions`; the experiment's
        `options`; and, where its strength is found, `strengths`, see `best_network`.

    Raises:
        ValueError: If a choice is not accepted.
        DataError: If there is no such data, see `open_images`.
        CloningError: If training ends in numbers that are not finite.
        ArtifactError: If the checkpoint cannot be read.

    Example:

    >>> file = f"{directory}/noise.npz"
    >>> noise = np.random.default_rng(0).integers(256, size=(40, 16, 16))
    >>> np.savez(file, x_train=noise.astype("uint8"), y_train=np.arange(40) % 2)
    >>> experiment = Experiment("mlp", "c2", "breaking", data=file, epochs=1)
    >>> model, metrics = run_experiment(experiment, Workspace(verbose=0))
    >>> error = metrics["equivariance_error"]["network"]
    >>> error["after"] > 0.001  # an mlp is not equivariant under rotations
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 4
    """
    workspace = Workspace.of(workspace)
    if images is None:
        experiment, images = open_data(experiment, workspace)
    experiment = experiment.complete(images)
    start = time.perf_counter()
    data = TaskImages(experiment, images)
    model = _network(experiment, workspace, data)
    compile_network(model, experiment, len(data.train))
    before, changed_before = _errors(model, experiment, data.measured)
    model, trained, strengths = _trained(
        model, experiment, data, workspace.verbose, checkpoint, resume
    )
    loss, accuracy = model.evaluate(data.test, verbose=0)
    if not np.isfinite(loss):
        raise _diverged(experiment)
    largest = largest_class(data.test)
    upright = None
    if data.upright:
        upright = model.evaluate(data.upright, verbose=0)[1]
    after, changed_after = _errors(model, experiment, data.measured)
    metrics = {
        "accuracy": accuracy,
        "loss": loss,
        "upright_accuracy": upright,
        "parameters": parameters(model),
        "seconds": round(time.perf_counter() - start, 2),
        "seconds_per_epoch": trained.seconds_per_epoch,
        "epochs": trained.epochs,
        "best_epoch": trained.best_epoch,
        "largest_class": largest,
        "learned": learned(upright or accuracy, largest, data.tested),
        "equivariance_error": errors_record(before, after),
        "changed_classes": {"before": changed_before, "after": changed_after},
        "deviation": deviations_record(model),
        "class_names": data.class_names,
        "notes": list(images.notes),
        "versions": versions(),
        "options": dataclasses.asdict(experiment),
    }
    if not get_group(experiment.group).permutes_pixels:
        own = teacher_errors(model, data.measured, experiment.group)
        metrics["teacher_equivariance_error"] = own
    if strengths:
        metrics["strengths"] = strengths
    return model, metrics


def _trained(
    model: keras.Model,
    experiment: Experiment,
    data: TaskImages,
    verbose: int,
    checkpoint: Checkpoint | None,
    resume: bool,
) -> tuple[keras.Model, Trained, list[dict[str, Any]]]:
    """The trained network, what that took, and the strengths that were tried."""
    fitted, shown = model, "accuracy"
    if experiment.anchor_strength == AUTO:
        fitted, shown = StrengthSearch(model), BEST
        compile_network(fitted, experiment, len(data.train))
    trained = fit_network(
        fitted,
        experiment,
        data.train,
        data.held_out,
        verbose,
        checkpoint,
        resume,
        metric=shown,
    )
    if not has_finite_weights(fitted):
        raise _diverged(experiment)
    if not isinstance(fitted, StrengthSearch):
        return model, trained, []
    found, tried = best_network(fitted, cast(tf.data.Dataset, data.held_out))
    return found, trained, tried


def _diverged(experiment: Experiment) -> CloningError:
    return CloningError(
        "Training diverged: weights or the loss are not finite. Lower `learning_rate`. "
        f"Received: learning_rate={experiment.learning_rate}"
    )


def experiment_checkpoint(experiment: Experiment, directory: Path) -> Checkpoint:
    """The checkpoint of the training of an experiment.

    Args:
        experiment: `Experiment`.
        directory: String or path, in a hidden folder of which the checkpoint is.

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


def _network(
    experiment: Experiment, workspace: Workspace, data: TaskImages
) -> keras.Model:
    students: list[Student] | None = None
    options: dict[str, Any] = {}
    if experiment.architecture == "cloned":
        students = find_or_clone(experiment, workspace)
        options |= layer_options(experiment)
    return image_network(
        experiment.architecture,
        experiment.group,
        len(data.class_names),
        cast(int, experiment.canvas),  # complete
        students,
        dropout=experiment.dropout,
        seed=experiment.seed,
        channels=data.channels,
        front=_front(experiment, data),
        **options,
    )


def _front(experiment: Experiment, data: TaskImages) -> list[keras.layers.Layer]:
    """What an experiment does to images within its network."""
    front = augmentation_of(experiment.augment, experiment.seed)
    if TRAINING_RECIPES[experiment.recipe].validated:
        front.append(normalization_of(data.train))
    return front


def find_or_clone(
    experiment: Experiment, workspace: Workspace | None = None
) -> list[Student]:
    """Loads the trained students of an experiment's network, or clones them.

    Args:
        experiment: `Experiment`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.

    Returns:
        List of `Student`, four for images of up to 64 pixels.

    Example:

    >>> experiment = Experiment("cloned", "c2", data="cells.npz", image_size=16)
    >>> for student in network_students("c2", canvas=16, seed=0):
    ...     path = export(student, directory)  # in place of trained ones
    >>> workspace = Workspace(clones=directory, verbose=0)
    >>> [s.teacher.name for s in find_or_clone(experiment, workspace)]
    ['c2-lifting-16x16-k3', 'c2-group-14x14-k3', 'c2-group-6x6-k3', 'c2-group-4x4-k3']
    """
    workspace = Workspace.of(workspace)
    experiment = experiment.complete()
    wanted = network_students(
        experiment.group,
        cast(int, experiment.canvas),  # complete
        blocks=experiment.blocks,
        student=cast(str, experiment.student),
        regions=experiment.regions,
        seed=0,
        dtype="float32",
    )
    return load_or_clone(wanted, workspace.clones, workspace.verbose)


def _errors(
    model: keras.Model, experiment: Experiment, images: Array
) -> tuple[dict[str, float], float | None]:
    """The equivariance errors of each convolution and of the network's output, and the
    share of images whose class changes."""
    errors = layer_errors(model, images, experiment.group)
    whole = network_error(
        model, images, experiment.group, experiment.max_translation or 0
    )
    return {**errors, "network": whole.equivariance_error}, whole.changed_classes
