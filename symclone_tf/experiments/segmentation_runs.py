"""One run of a segmentation: a U-Net is trained, and its equivariance measured."""

import copy
import dataclasses
import time
from typing import Any, cast

import keras
import tensorflow as tf

from symclone_tf.cloning import Checkpoint, versions
from symclone_tf.data.segmented import SegmentedImages
from symclone_tf.errors import CloningError
from symclone_tf.experiments.clone_options import layer_options
from symclone_tf.experiments.network_layouts import per_layer, student_within
from symclone_tf.experiments.network_training import (
    fit_network,
    learning_rate_of,
    normalization_of,
)
from symclone_tf.experiments.pixel_scores import segmentation_scores
from symclone_tf.experiments.run_records import (
    deviations_record,
    errors_record,
    parameters,
)
from symclone_tf.experiments.segmentation import Segmentation
from symclone_tf.experiments.segmentation_data import (
    SegmentationImages,
    transformed_batches,
)
from symclone_tf.experiments.training_recipes import TRAINING_RECIPES
from symclone_tf.experiments.unets import unet, unet_teachers
from symclone_tf.layers import SYMMETRIES
from symclone_tf.networks import layer_errors, network_error, teacher_errors
from symclone_tf.networks.comparison import has_finite_weights
from symclone_tf.students import Student
from symclone_tf.symmetry import get_group
from symclone_tf.types import Array
from symclone_tf.workspace import Workspace, load_or_clone


def run_segmentation(
    experiment: Segmentation,
    workspace: Workspace | None = None,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    images: SegmentedImages | None = None,
) -> tuple[keras.Model, dict[str, Any]]:
    """Trains one U-Net on images and masks, and measures how equivariant it is.

    Missing clones are made first, and exported, once the images are open.

    Args:
        experiment: `Segmentation`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.
        checkpoint: `Checkpoint`, see `run_experiment`.
        resume: Boolean, see `run_experiment`.
        images: `SegmentedImages` of any source; `None` to open the experiment's `data`.

    Returns:
        Pair of the trained `keras.Model` and a dictionary: `accuracy`, the share of
        pixels of test images that get their class; `iou` of each class, by its name,
        and `mean_iou`; the same two on the same images and masks, each transformed by
        a random element of the group, as `transformed_accuracy` and
        `transformed_mean_iou`; `learned`, whether the mean IoU is better than if all
        pixels got the class that most have, whose share is `largest_class`; and
        `parameters`, `epochs`, `best_epoch`, `seconds`, `seconds_per_epoch`,
        `equivariance_error`, `deviation`, `class_names`, `notes`, `versions` and
        `options`, see `run_experiment`. Under T(2) there is no error of the network,
        and images are not transformed.

    Raises:
        ValueError: If a choice is not accepted.
        DataError: If there is no such data, see `open_segmented`.
        CloningError: If training ends in numbers that are not finite.
        ArtifactError: If the checkpoint cannot be read.

    Example:

    >>> rows, columns = np.mgrid[:16, :16]
    >>> discs = np.hypot(rows - 8, columns - 8) < np.arange(20)[:, None, None] % 5 + 2
    >>> file = f"{directory}/discs.npz"
    >>> np.savez(file, x_train=200 * discs.astype("uint8"), y_train=discs)
    >>> experiment = Segmentation("gcnn", "d4", data=file, epochs=1)
    >>> model, metrics = run_segmentation(experiment, Workspace(verbose=0))
    >>> metrics["equivariance_error"]["network"]["after"] < 1e-5
    True

    Reference:

    - [Ronneberger et al., 2015](https://arxiv.org/abs/1505.04597)
    """
    workspace = Workspace.of(workspace)
    if images is None:
        experiment, images = experiment.open(workspace)
    experiment = cast(Segmentation, experiment.complete(images))
    start = time.perf_counter()
    data = SegmentationImages(experiment, images)
    model = _network(experiment, workspace, data)
    _compile(model, experiment, len(data.train))
    before = _errors(model, experiment, data.measured)
    trained = fit_network(
        model,
        experiment,
        data.train,
        data.held_out,
        verbose=workspace.verbose,
        checkpoint=checkpoint,
        resume=resume,
        metric="mean_iou",
    )
    if not has_finite_weights(model):
        raise CloningError(
            "Training diverged: weights are not finite. Lower `learning_rate`. "
            f"Received: learning_rate={experiment.learning_rate}"
        )
    names = data.class_names
    scores = segmentation_scores(model, data.test.as_numpy_iterator())
    moved = segmentation_scores(
        model,
        transformed_batches(data.test, experiment.group, len(names), experiment.seed),
    )
    metrics = {
        "accuracy": scores.accuracy,
        "mean_iou": scores.mean_iou,
        "iou": dict(zip(names, scores.iou)),
        "transformed_accuracy": moved.accuracy,
        "transformed_mean_iou": moved.mean_iou,
        "parameters": parameters(model),
        "seconds": round(time.perf_counter() - start, 2),
        "seconds_per_epoch": trained.seconds_per_epoch,
        "epochs": trained.epochs,
        "best_epoch": trained.best_epoch,
        "largest_class": scores.largest_class,
        "learned": scores.learned,
        "equivariance_error": errors_record(
            before, _errors(model, experiment, data.measured)
        ),
        "deviation": deviations_record(model),
        "class_names": names,
        "notes": list(images.notes),
        "versions": versions(),
        "options": dataclasses.asdict(experiment),
    }
    if not get_group(experiment.group).permutes_pixels:
        own = teacher_errors(model, data.measured, experiment.group)
        metrics["teacher_equivariance_error"] = own
    return model, metrics


def _network(
    experiment: Segmentation, workspace: Workspace, data: SegmentationImages
) -> keras.Model:
    options: dict[str, Any] = {}
    if experiment.architecture == "cloned":
        options["students"] = find_or_clone_unet(experiment, workspace)
        options |= layer_options(experiment)
    front = []
    if TRAINING_RECIPES[experiment.recipe].validated:
        front.append(normalization_of(data.train))
    return unet(
        experiment.architecture,
        experiment.group,
        len(data.class_names),
        cast(int, experiment.canvas),  # complete
        dropout=experiment.dropout,
        seed=experiment.seed,
        channels=data.channels,
        front=front,
        **options,
    )


def find_or_clone_unet(
    experiment: Segmentation, workspace: Workspace | None = None
) -> list[Student]:
    """Loads the trained students of a U-Net's convolutions, or clones them.

    Args:
        experiment: `Segmentation`, complete but for its images.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.

    Returns:
        List of `Student`, one for each convolution. Frozen ones of equal teachers are
        the same, which is saved once; others are copies.

    Example:

    >>> experiment = Segmentation("cloned", "c4", data="cells", image_size=16)
    >>> len(find_or_clone_unet(experiment, Workspace(verbose=0)))  # doctest: +SKIP
    10
    """
    workspace = Workspace.of(workspace)
    experiment = cast(Segmentation, experiment.complete())
    teachers = unet_teachers(experiment.group, cast(int, experiment.canvas))
    # Several are equal: each is cloned once.
    different = {teacher.name: teacher for teacher in teachers}
    wanted = [
        student_within(
            teacher,
            cast(str, experiment.student),
            experiment.regions,
            blocks=experiment.blocks,
            seed=0,
            dtype="float32",
        )
        for teacher in different.values()
    ]
    found = load_or_clone(wanted, workspace.clones, workspace.verbose)
    mine = dict(zip(different, found))
    chosen = per_layer("symmetry", experiment.symmetry, SYMMETRIES, len(teachers))
    return [
        student if symmetry == "frozen" else copy.deepcopy(student)
        for student, symmetry in zip((mine[t.name] for t in teachers), chosen)
    ]


def _compile(model: keras.Model, experiment: Segmentation, steps: int) -> None:
    classes = model.output_shape[-1]
    model.compile(
        keras.optimizers.AdamW(learning_rate_of(experiment, steps)),
        "sparse_categorical_crossentropy",
        weighted_metrics=[
            # Of floats, as the weights are.
            keras.metrics.MeanIoU(
                classes, name="mean_iou", dtype="float32", sparse_y_pred=False
            )
        ],
        jit_compile=bool(tf.config.list_physical_devices("GPU")),
    )


def _errors(
    model: keras.Model, experiment: Segmentation, images: Array
) -> dict[str, float | None]:
    """The equivariance errors of each convolution, and of the masks."""
    errors: dict[str, float | None] = {**layer_errors(model, images, experiment.group)}
    errors["network"] = None
    # How far masks are translated depends on poolings.
    if not get_group(experiment.group).is_trivial:
        found = network_error(model, images, experiment.group)
        errors["network"] = found.equivariance_error
    return errors
