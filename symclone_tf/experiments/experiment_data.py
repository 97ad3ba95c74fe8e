"""The images of an experiment, opened once, and the sizes that depend on them."""

from typing import Any, cast

import tensorflow as tf

from symclone_tf.data.images import Images
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.strength_choice import AUTO
from symclone_tf.experiments.task_transformations import task_class_names
from symclone_tf.experiments.tasks import image_task
from symclone_tf.experiments.training_recipes import TRAINING_RECIPES
from symclone_tf.workspace import Workspace

# How many test images the equivariance errors are measured on.
MEASURED = 16


def open_data(
    experiment: Experiment, workspace: Workspace | None = None
) -> tuple[Experiment, Images]:
    """Opens the images of an experiment.

    Args:
        experiment: `Experiment`.
        workspace: `Workspace`, of whose `data_dir` and `strict` this is; `None` for
            the defaults. A `DataWarning` each says what was changed or left out.

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
    images = workspace.open_images(
        experiment.data, experiment.image_size, experiment.keep_together
    )
    return experiment.complete(images), images


class TaskImages:
    """The images of an experiment, as its task transforms them.

    Args:
        experiment: `Experiment`, complete.
        images: `Images`.

    Attributes:
        channels: Integer.
        class_names: List of strings, of the task's classes.
        train, test: `tf.data.Dataset` of batches, see `image_task`.
        held_out: The training images that the recipe holds out; `None` if none. They
            are transformed as training images are, and as test images are where a
            strength is chosen by them.
        upright: The test images before they are transformed, for invariance; `None`
            otherwise.
        tested: Integer, the number of test images.
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
        total = cast(int, experiment.train_size)  # complete
        held_out = TRAINING_RECIPES[experiment.recipe].held_out(total)
        self.train = task("train", total - held_out)
        self.held_out = None
        if held_out:
            # As test images, for what is chosen by them: on others it always pays to
            # break a symmetry.
            as_tested = True if experiment.anchor_strength == AUTO else None
            options = {"first": total - held_out, "transformed": as_tested}
            self.held_out = task("train", held_out, **options)
        self.test = task("test", experiment.test_size)
        self.tested = cast(int, experiment.test_size)
        self.upright = None
        if experiment.task == "invariance":
            self.upright = task("test", experiment.test_size, transformed=False)
        # Untransformed, so that hardly anything is translated off the canvas.
        few = min(MEASURED, images.counts["test"])
        measured = task("test", few, transformed=False)
        self.measured = next(iter(measured))[0].numpy()
