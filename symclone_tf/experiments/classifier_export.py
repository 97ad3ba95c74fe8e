"""An experiment whose network is exported as a classifier, of images or of pixels."""

import pathlib
from typing import Any

from symclone_tf.artifacts import (
    IMAGE_DTYPES,
    check_directory,
    export_classifier,
    rescued,
)
from symclone_tf.checks import one_of
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import open_data
from symclone_tf.experiments.runs import experiment_checkpoint, run_experiment
from symclone_tf.experiments.segmentation import Segmentation
from symclone_tf.experiments.segmentation_runs import run_segmentation
from symclone_tf.types import Path
from symclone_tf.workspace import Workspace


def train_and_export(
    experiment: Experiment,
    directory: Path = "trained",
    workspace: Workspace | None = None,
    image_dtype: str = "float32",
    resume: bool = False,
) -> tuple[dict[str, Any], pathlib.Path]:
    """Runs an experiment and exports the trained network.

    Args:
        experiment: `Experiment`, or a `Segmentation`.
        directory: String or path, the root of all classifiers.
        workspace: `Workspace`, see `run_experiment`.
        image_dtype: String, see `export_classifier`.
        resume: Boolean, see `run_experiment`.

    Returns:
        Pair of the metrics that `run_experiment` or `run_segmentation` returns and the
        path of the artifact.

    Raises:
        ArtifactError, ValueError, DataError, CloningError, OSError: See
            `run_experiment` and `export_classifier`. A network that cannot be written
            is saved in a temporary folder, if that has room; the error message names
            it.

    Example:

    >>> file = f"{directory}/blank.npz"
    >>> blank = np.zeros((40, 16, 16), "uint8")
    >>> np.savez(file, x_train=blank, y_train=np.arange(40) % 2)
    >>> experiment = Experiment("mlp", "c2", "breaking", data=file, epochs=1)
    >>> metrics, path = train_and_export(
    ...     experiment, directory, Workspace(verbose=0)
    ... )
    >>> path.parts[-2:]
    ('c2-blank-breaking-mlp', '1')
    """
    check_directory(directory)
    one_of("image_dtype", image_dtype, IMAGE_DTYPES)
    if isinstance(experiment, Segmentation):
        experiment, masked = experiment.open(Workspace.of(workspace))
        checkpoint = experiment_checkpoint(experiment, directory)
        options = workspace, checkpoint, resume, masked
        model, metrics = run_segmentation(experiment, *options)
    else:
        experiment, images = open_data(experiment, workspace)
        checkpoint = experiment_checkpoint(experiment, directory)
        given = workspace, checkpoint, resume, images
        model, metrics = run_experiment(experiment, *given)

    def export(root: Path) -> pathlib.Path:
        return export_classifier(
            model, root, experiment.name, metrics, image_dtype, metrics["class_names"]
        )

    path = rescued(export, directory)
    checkpoint.remove()
    return metrics, path
