"""What can go wrong with a clone, apart from arguments that are not accepted."""


class CloningError(RuntimeError):
    """Cloning ran and did not end in a usable student.

    Example:

    >>> issubclass(CloningError, RuntimeError)  # what was evaluated for was in order
    True
    """


class ArtifactError(ValueError):
    """A folder is not an artifact, or not one that can be used.

    Example:

    >>> try:
    ...     load(directory / "nowhere")
    ... except ArtifactError:
    ...     print("There is no clone.")
    There is no clone.
    """


class ArtifactWarning(UserWarning):
    """A folder looks like an artifact, and is none that can be used.

    Example:

    >>> import warnings
    >>> (directory / "damaged" / "1" / "assets.extra").mkdir(parents=True)
    >>> file = directory / "damaged" / "1" / "assets.extra" / "clone.json"
    >>> _ = file.write_text("{")
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", ArtifactWarning)
    ...     list_artifacts(directory)  # says "Left out: …" otherwise
    []
    """


class RelaxingWarning(UserWarning):
    """A relaxed network does not answer as it did before."""


class StrategyWarning(UserWarning):
    """A strategy leaves something out that was asked for, as XLA or checkpoints.

    Example:

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", StrategyWarning)  # rather than go without
    ...     student, _ = clone(
    ...         "t2", image_size=5, steps=2, strategy="mirrored", verbose=0
    ...     )
    """


class DataWarning(UserWarning):
    """Some of the data is left out."""


class DataError(ValueError):
    """A data set is neither there nor to be had.

    Example:

    >>> try:
    ...     data.open_images(directory / "nowhere.npz")
    ... except DataError:
    ...     print("There are no images.")
    There are no images.
    """
