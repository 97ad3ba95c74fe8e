"""The images of an experiment, opened once, and the sizes that depend on them."""

import warnings
from typing import Any

import tensorflow as tf

from symclone_tf.data.images import Images
from symclone_tf.errors import DataWarning
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.task_transformations import task_class_names
from symclone_tf.experiments.tasks import image_task
from symclone_tf.workspace import Workspace

# How many of the files that are left out are listed.
LISTED = 3
# How many test images the equivariance errors are measured on.
MEASURED = 16


def open_data(
    experiment: Experiment, workspace: Workspace | None = None
) -> tuple[Experiment, Images]:
    """Opens the images of an experiment.

    Args:
        experiment: `Experiment`.
        workspace: `Workspace`, of whose `data_dir` and `strict` this is; `None` for
            the defaults. Unless it is strict, a `DataWarning` lists files that cannot
            be read.

    Returns:
        Pair of the experiment, completed with the sizes of the images, and `Images`,
        for `run_experiment`.

    Raises:
        DataError: If there is no such data, or it is not labelled images.
        ValueError: If an option is not accepted, or there are fewer images.

    Example:

    >>> file = f"{directory}/blank.npz"
    >>> blank = np.zeros((50, 24, 24), "uint8")
    >>> np.savez(file, x_train=blank, y_train=np.arange(50) % 2)
    >>> experiment, images = open_data(Experiment("cnn", "t2", data=file))
    >>> experiment.canvas, experiment.train_size, images.class_names
    (36, 40, ('0', '1'))
    """
    experiment = experiment.complete()
    workspace = Workspace.of(workspace)
    images = workspace.open_images(experiment.data, experiment.image_size)
    experiment = experiment.complete(images)
    warn_of_skipped(images)
    return experiment, images


class TaskImages:
    """The images of an experiment, as its task transforms them.

    Args:
        experiment: `Experiment`, complete.
        images: `Images`.

    Attributes:
        channels: Integer.
        class_names: List of strings, of the task's classes.
        train, test: `tf.data.Dataset` of batches, see `image_task`.
        upright: The test images before they are transformed, for invariance; `None`
            otherwise.
        measured: Array, a few test images to measure equivariance errors on.
    """

    def __init__(self, experiment: Experiment, images: Images) -> None:
        def task(split: str, size: int | None, **options: Any) -> tf.data.Dataset:
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
        self.train = task("train", experiment.train_size)
        self.test = task("test", experiment.test_size)
        self.upright = None
        if experiment.task == "invariance":
            self.upright = task("test", experiment.test_size, transformed=False)
        # Untransformed, so that hardly anything is translated off the canvas.
        few = min(MEASURED, images.counts["test"])
        measured = task("test", few, transformed=False)
        self.measured = next(iter(measured))[0].numpy()


def warn_of_skipped(images: Images) -> None:
    """Lists files that are left out, in a `DataWarning`.

    Args:
        images: `Images`.
    """
    if images.skipped:
        warnings.warn(_left_out(images), DataWarning, stacklevel=3)


def _left_out(images: Images) -> str:
    count, listed = len(images.skipped), ", ".join(images.skipped[:LISTED])
    more = ", …" if count > LISTED else ""
    files = "1 file is" if count == 1 else f"{count} files are"
    return f"{files} left out, not a PNG or JPEG image that can be read: {listed}{more}"
