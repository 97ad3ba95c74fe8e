"""Errors and warnings, apart from errors of arguments."""

import re


def reason_of(error: BaseException, most: int = 160) -> str:
    """What an error of Keras or TensorFlow says, in one line.

    Args:
        error: Exception.
        most: Integer, the most characters.

    Returns:
        String: the first line that is about the error, rather than about where it was
        raised; the name of its class if there is none.

    Example:

    >>> reason_of(ValueError("Exception encountered when calling.\\n\\nNo way."))
    'No way'
    """
    text = re.sub(r"\x1b\[\d*m|\{\{[^}]*\}\} ?", "", str(error))
    beside = ("Exception encountered", "Arguments received", "•", "Call arguments")
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith(beside)]
    return (found[0] if found else type(error).__name__)[:most].rstrip(" :.")


class CloningError(RuntimeError):
    """Cloning ran, but its result is not a usable student.

    Example:

    >>> try:
    ...     clone("t2", image_size=5, steps=2, max_nmse=1e-12, verbose=0)
    ... except CloningError:
    ...     print("Two steps are not enough.")
    Two steps are not enough.
    """


class ArtifactError(ValueError):
    """A folder is not an artifact, or is one that cannot be used.

    Example:

    >>> try:
    ...     load(directory / "nowhere")
    ... except ArtifactError:
    ...     print("There is no clone.")
    There is no clone.
    """


class ArtifactWarning(UserWarning):
    """A folder looks like an artifact, but cannot be used as one; or a network is read
    without what it was compiled with.

    Example:

    >>> import warnings
    >>> (directory / "damaged" / "1" / "assets.extra").mkdir(parents=True)
    >>> file = directory / "damaged" / "1" / "assets.extra" / "clone.json"
    >>> _ = file.write_text("{")
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", ArtifactWarning)
    ...     list_artifacts(directory)  # warns "Left out: …" otherwise
    []
    """


class RelaxingWarning(UserWarning):
    """A relaxed network computes other outputs than before."""


class StrategyWarning(UserWarning):
    """A distribution strategy does not support an option, which is ignored: XLA, or
    checkpoints.

    Example:

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", StrategyWarning)  # to raise it instead
    ...     student, _ = clone(
    ...         "t2", image_size=5, steps=2, strategy="mirrored", verbose=0
    ...     )
    """


class DataWarning(UserWarning):
    """Some of the data is changed, or left out."""


class DataError(ValueError):
    """A data set is missing, or cannot be read.

    Example:

    >>> try:
    ...     data.open_images(directory / "nowhere.npz")
    ... except DataError:
    ...     print("There are no images.")
    There are no images.
    """
