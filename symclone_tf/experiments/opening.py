"""What an experiment is about: its images, opened once, and its sizes."""

import warnings

from symclone_tf.data.images import Images
from symclone_tf.errors import DataWarning
from symclone_tf.workspace import Workspace

# How many files that are left out are named.
NAMED = 3


def open_data(experiment, workspace=None):
    """Opens the images of an experiment.

    Args:
        experiment: `Experiment`.
        workspace: `Workspace`, of whose `data_dir` and `strict` this is; `None` for
            the defaults. Unless it is strict, a `DataWarning` lists files that cannot
            be read.

    Returns:
        Pair of the experiment, complete with the sizes that were found, and
        `Images`, for `run_experiment`.

    Raises:
        DataError: If there is no such data, or it is none of labelled images.
        ValueError: If an option is not accepted, or more is asked for than there is.

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


def warn_of_skipped(images: Images) -> None:
    """Names files that are left out, in a `DataWarning`.

    Args:
        images: `Images`.
    """
    if images.skipped:
        warnings.warn(_left_out(images), DataWarning, stacklevel=3)


def _left_out(images: Images) -> str:
    count, named = len(images.skipped), ", ".join(images.skipped[:NAMED])
    more = ", …" if count > NAMED else ""
    files = "1 file is" if count == 1 else f"{count} files are"
    return f"{files} left out, no PNG or JPEG image that can be read: {named}{more}"
